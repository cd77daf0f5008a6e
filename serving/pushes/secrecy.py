"""Who is held out is kept from those who make offers: they would turn to him, too, and nothing could be compared."""

from serving.access import Permission, Principal
from serving.decisions.pushes.codes import HELD_OUT, MEANINGS

__all__ = ["CODES_TOLD", "NOT_NOW", "VEILED", "meaning", "told_code"]

NOT_NOW = "NOT_NOW"
_NOT_NOW = ("not to be offered now", "暂不推荐")

VEILED = frozenset(
    {
        "STANDING_OFFER",
        "LOW_SCORE",
        "RELIEF_ENOUGH",
        "CAPPED_CHANNEL",
        "CAPPED_TOTAL",
        "OUTRANKED",
        "HALL_FULL",
        *HELD_OUT,
    }
)
"""What is told as NOT_NOW to those who may not see hold-outs. The would-be offers of a hold-out stand, cap and rank
like real ones; were only HELD_OUT itself veiled, a cap without any contact would give it away, and so would a code
that nobody else bears."""

CODES_TOLD = (*MEANINGS, NOT_NOW)
"""Every code that is ever told."""


def told_code(who: Principal, code: str) -> str:
    """The code of a decision as this key may know it."""
    return NOT_NOW if code in VEILED and not who.may(Permission.HELD_OUT) else code


def meaning(code: str) -> tuple[str, str]:
    """What a code says, in English and in Chinese."""
    return _NOT_NOW if code == NOT_NOW else MEANINGS[code]
