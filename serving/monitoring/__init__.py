"""Monitoring of nodes from the lake: what happens at them is kept in the state, and asked for there."""
