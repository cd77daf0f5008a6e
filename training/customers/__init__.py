"""Models of customers: what they have in common, from cases with a known outcome to the version that serves."""
