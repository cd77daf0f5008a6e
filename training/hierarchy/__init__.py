"""Forecasts of areas, feeders and substations from the same scenarios, so that totals agree."""

from training.hierarchy.forecast import FEWEST_PAST, coherent_forecast, coherent_issue, past_forecasts
from training.hierarchy.tree import Tree

__all__ = ["FEWEST_PAST", "Tree", "coherent_forecast", "coherent_issue", "past_forecasts"]
