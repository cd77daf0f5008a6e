"""From one evaluation to the next: hysteresis, confirmations, minimum hold, memory, and groups of which one is held."""

from collections.abc import Sequence

import numpy as np

from serving.decisions.tags.definitions import TagDefinition
from serving.decisions.tags.state import HELD, NOT_HELD, UNKNOWN, Cells
from serving.decisions.tags.truth import FALSE, TRUE, UNSURE

__all__ = ["one_of_group", "remembered", "stepped"]

_DAY = 86_400


def remembered(before: Cells, definition: TagDefinition, last: int, now: int) -> np.ndarray:
    """Where a tag was held before, as far as it is not forgotten: nothing is remembered beyond its time to live."""
    lives = now - last <= definition.time_to_live_days * _DAY
    unsure = (before.status == UNKNOWN) & (before.held_since > 0) & (now <= before.memory_until)
    return (before.status == HELD) & lives | unsure


def stepped(
    before: Cells, enter: np.ndarray, stay: np.ndarray, definition: TagDefinition, last: int, now: int
) -> Cells:
    """The cells of one tag after an evaluation: `enter` and `stay` say in three values what its conditions say.

    `last` and `now` are the moments of the evaluation before and of this one, in seconds.
    """
    was = remembered(before, definition, last, now)
    verdict = np.where(was, stay, enter)
    unsure, against, speaks_for = verdict == UNSURE, was & (verdict == FALSE), ~was & (verdict == TRUE)
    pending, begun = _counted(before, against | speaks_for, definition, last, now)
    done = pending >= definition.confirmations
    held_from = np.where(before.status == HELD, before.since, before.held_since)
    leaves = against & done & (now - held_from >= definition.minimum_hold_days * _DAY)
    enters = speaks_for & done
    status = np.where(unsure, UNKNOWN, np.where(enters | (was & ~leaves), HELD, NOT_HELD)).astype(np.int8)
    settled = unsure | enters | leaves
    begins = np.where(status == HELD, np.where(was, held_from, now), 0)
    not_knowing = np.where(before.status == UNKNOWN, before.since, now)
    lives_until = last + definition.time_to_live_days * _DAY
    memory = np.where(before.status == HELD, lives_until, before.memory_until)
    return Cells(
        status=status,
        pending=np.where(settled, 0, pending).astype(np.int16),
        pending_since=np.where(settled, 0, begun),
        since=np.where(unsure, not_knowing, begins),
        held_since=np.where(unsure & was, held_from, 0),
        memory_until=np.where(unsure & was, memory, 0),
    )


def _counted(
    before: Cells, moving: np.ndarray, definition: TagDefinition, last: int, now: int
) -> tuple[np.ndarray, np.ndarray]:
    """How many evaluations in a row speak for a change, and since when; a row that takes too long begins anew.

    One that is complete keeps: it waits for the minimum hold, or for its place in a group.
    """
    in_time = now - before.pending_since <= definition.confirm_within_days * _DAY
    goes_on = (before.pending > 0) & (in_time | (before.pending >= definition.confirmations))
    goes_on &= now - last <= definition.time_to_live_days * _DAY
    count = np.minimum(np.where(goes_on, before.pending, 0) + 1, definition.confirmations)
    begun = np.where(goes_on, before.pending_since, now)
    return np.where(moving, count, 0), np.where(moving, begun, 0)


def one_of_group(
    after: Sequence[Cells], before: Sequence[Cells], was: Sequence[np.ndarray], confirmations: Sequence[int], now: int
) -> list[Cells]:
    """The cells of the tags of one group, of which only one is held: the one held before, else the earlier one.

    One that has to wait for it stays confirmed and takes the place when it is free.
    """
    held = np.stack([one.status == HELD for one in after])
    rank = np.stack(
        [np.where(one.status == HELD, 0, np.where(own, 1, 2)) for one, own in zip(before, was, strict=True)]
    )
    order = rank * len(after) + np.arange(len(after))[:, None]
    first = np.where(held, order, order.max(initial=0) + 1).argmin(axis=0)
    result = []
    for place, (one, earlier, own) in enumerate(zip(after, before, was, strict=True)):
        loses = held[place] & (first != place)
        waits = loses & ~own
        begun = np.where(earlier.pending > 0, earlier.pending_since, now)
        arrays = {name: np.where(loses, 0, values).astype(values.dtype) for name, values in one.arrays().items()}
        arrays["pending"] = np.where(waits, confirmations[place], arrays["pending"]).astype(np.int16)
        arrays["pending_since"] = np.where(waits, begun, arrays["pending_since"])
        result.append(Cells(**arrays))
    return result
