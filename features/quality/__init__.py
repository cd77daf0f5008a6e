"""Quality of what systems send: rules as data, counts by source and org unit, scores recomputed from counts."""

from features.quality.counts import Score, dimension_scores, rolled_up, rule_scores
from features.quality.rules import DIMENSIONS, QualityRules, Rule
from features.quality.run import Measurement, history, measure

__all__ = [
    "DIMENSIONS",
    "Measurement",
    "QualityRules",
    "Rule",
    "Score",
    "dimension_scores",
    "history",
    "measure",
    "rolled_up",
    "rule_scores",
]
