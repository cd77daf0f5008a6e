"""The groups an explanation of a forecast is told in."""

__all__ = ["CALENDAR", "EVENTS", "GROUPS", "LEVEL", "RECENT_RESIDUAL", "WEATHER"]

LEVEL = "level"
"""What the node has carried lately, in the eyes of the model."""
CALENDAR = "calendar"
"""Hour, weekday and season, on an ordinary day."""
WEATHER = "weather"
"""The weather against that of the last week."""
RECENT_RESIDUAL = "recent_residual"
"""What the last readings left over the linear stage."""
EVENTS = "events"
"""Holidays, moved working days, the Spring Festival: what makes a day unlike its weekday."""

GROUPS = (LEVEL, CALENDAR, WEATHER, RECENT_RESIDUAL, EVENTS)
"""In the order of every array and table of contributions."""
