"""Which columns and tags of a snapshot are for whom: what speaks for theft is for few."""

from collections.abc import Iterable

from serving.access import Permission, Principal
from serving.customers.snapshot import Snapshot, TagWords

__all__ = ["SUSPICIONS", "columns_for", "is_suspicion", "tags_for"]

SUSPICIONS = ("theft_score", "alarm", "alarm_days", "lost_kwh_p10", "lost_kwh_p50", "lost_kwh_p90")
"""Scores of the anomaly family: no more than a reason to look, and a stain on whoever it is told of."""


def is_suspicion(name: str) -> bool:
    """Whether a column says that somebody may steal."""
    return name in SUSPICIONS


def columns_for(who: Principal, snapshot: Snapshot) -> frozenset[str]:
    """The columns a key may ask for."""
    every = {*snapshot.wide.numbers, *snapshot.wide.texts}
    return frozenset(every if who.may(Permission.SUSPICION) else every - set(SUSPICIONS))


def tags_for(who: Principal, tags: Iterable[TagWords]) -> tuple[TagWords, ...]:
    """The tags meant for a key's role; one that stands on a suspicion only where that may be seen, too."""
    hidden = not who.may(Permission.SUSPICION)
    return tuple(
        one for one in tags if who.is_meant(one.audience) and not (hidden and any(map(is_suspicion, one.inputs)))
    )
