"""Theft and other abnormal use: attacks to learn from, daily scores, alarms, lost energy, evidence and places."""
