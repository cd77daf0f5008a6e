"""Per-node load features on dense [node × time] arrays."""
