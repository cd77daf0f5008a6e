"""What tags may look at: the features of customers, and the scores of their models."""

from features.behaviour import FEATURE_NAMES

__all__ = ["SCORES", "known_inputs"]

SCORES = {
    "value": (
        "value_last_cny",
        "value_p10_cny",
        "value_p50_cny",
        "value_p90_cny",
        "growth_share",
        "increase_kva",
        "arrears_loss_cny",
    ),
    "anomaly": ("theft_score", "alarm", "alarm_days", "lost_kwh_p10", "lost_kwh_p50", "lost_kwh_p90"),
    "prospects": ("p_more_capacity", "p_electrify", "p_leave"),
}
"""Family of models → the scores it gives."""


def known_inputs() -> frozenset[str]:
    """The names of all features and scores."""
    return frozenset(FEATURE_NAMES) | {name for names in SCORES.values() for name in names}
