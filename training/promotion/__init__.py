"""The gate between a trained version and the one that serves: compared on days neither has seen, recorded, undone."""

from training.promotion.gate import decide
from training.promotion.policy import PromotionPolicy
from training.promotion.promote import promote_challenger
from training.promotion.rollback import rollback
from training.promotion.verdict import Check, Compared, Force, Judgement, Pair, Reason, Verdict

__all__ = [
    "Check",
    "Compared",
    "Force",
    "Judgement",
    "Pair",
    "PromotionPolicy",
    "Reason",
    "Verdict",
    "decide",
    "promote_challenger",
    "rollback",
]
