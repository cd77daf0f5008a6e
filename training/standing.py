"""How far ahead a figure is firm, and what is said of one that looks further."""

__all__ = ["BEYOND_FIRM", "FIRM", "FIRM_DAYS", "SCENARIO"]

FIRM, SCENARIO = "firm", "scenario"
FIRM_DAYS = 731
"""Two years, one of them a leap year: beyond it a figure is a scenario."""
BEYOND_FIRM = "BEYOND_FIRM_HORIZON"
"""Why a figure is a scenario: it looks further than the days for which past years say how they will come."""
