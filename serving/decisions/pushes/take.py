"""One offer after the other, in order, as long as there is room, need, patience of the person, and a card at the hall.

Hold-outs are taken like everybody: nothing here knows of them.
"""

from dataclasses import dataclass

import numpy as np

from serving.decisions.pushes.asked import text_of
from serving.decisions.pushes.catalogue import CHANNELS
from serving.decisions.pushes.former import Lately
from serving.decisions.pushes.loads import held_va
from serving.decisions.pushes.rank import Relief, in_order
from serving.decisions.pushes.reach import HALL, NOWHERE
from serving.decisions.pushes.room import Room, wants
from serving.decisions.pushes.screen import Fit
from serving.decisions.pushes.weigh import OPEN, Pairs, Weighed, place_of

__all__ = ["Caps", "Taken", "caps_of", "take"]

_NO_CAPACITY, _ENOUGH = place_of("NO_CAPACITY"), place_of("RELIEF_ENOUGH")
_OUTRANKED, _FULL, _NOWHERE = place_of("OUTRANKED"), place_of("HALL_FULL"), place_of("NO_CHANNEL")


@dataclass(frozen=True)
class Taken:
    """`contacts` are places of pairs, in the order in which they were taken, `flexible` [pair] those that are offered
    that way; `code` int8 [pair] is OPEN for them; `node` and `block` [pair] bind where there was no room, -1 elsewhere.
    """

    contacts: np.ndarray
    flexible: np.ndarray
    code: np.ndarray
    node: np.ndarray
    block: np.ndarray


@dataclass(frozen=True)
class Caps:
    """Of each pair: a refusal's code by former contacts alone, or OPEN; its person, and its hall (-1: not known).
    `spare` and `spare_total` are contacts left [person, channel] and [person], `cards` those of each hall."""

    before: np.ndarray
    person: np.ndarray
    hall: np.ndarray
    spare: np.ndarray
    spare_total: np.ndarray
    cards: np.ndarray


def caps_of(weighed: Weighed, pairs: Pairs, past: Lately) -> Caps:
    """What former contacts leave to this run."""
    policy, texts = weighed.policy, text_of(weighed.wide, "hall_id", weighed.places)
    person = past.person[pairs.row]
    spare = policy.per_channel_contacts - past.by_channel
    total = policy.total_contacts - past.total
    before = np.full(len(pairs), OPEN, dtype=np.int8)
    before[total[person] <= 0] = place_of("CAPPED_TOTAL")
    before[(pairs.channel != NOWHERE) & (spare[person, pairs.channel] <= 0)] = place_of("CAPPED_CHANNEL")
    cards = np.full(len(texts.values), policy.hall_contacts)
    return Caps(before, person, texts.codes[pairs.row], spare, total, cards)


def take(pairs: Pairs, fit: Fit, relief: Relief, caps: Caps, room: Room, at_a_node: int) -> Taken:
    """Go through pairs that passed everything before; no more than `at_a_node` offers of relief at one node."""
    taker = _Taker(pairs, fit, relief, caps, room, at_a_node)
    code = np.full(len(pairs), OPEN, dtype=np.int8)
    for at in in_order(pairs, relief).tolist():
        code[at] = taker.judge(at)
    node, block = taker.binding(len(pairs))
    flexible = np.zeros(len(pairs), dtype=bool)
    flexible[taker.flexible] = True
    return Taken(np.array(taker.contacts, dtype=np.intp), flexible, code, node, block)


class _Taker:
    """What is left while offers are taken. Plain lists, for they are looked at one by one."""

    def __init__(self, pairs: Pairs, fit: Fit, relief: Relief, caps: Caps, room: Room, at_a_node: int) -> None:
        self.room, self.fit = room, fit
        self.rest = np.where(np.isnan(room.rest), np.inf, room.rest)
        self.needs = fit.needs.tolist()
        self.firm, self.other = wants(fit.firm_va), wants(fit.flexible_va)
        self.holds = held_va(fit.firm_va, pairs.propensity), held_va(fit.flexible_va, pairs.propensity)
        self.before, self.hall = caps.before.tolist(), caps.hall.tolist()
        self.person, self.channel = caps.person.tolist(), pairs.channel.tolist()
        self.spare = caps.spare.ravel().tolist()
        self.total, self.cards = caps.spare_total.tolist(), caps.cards.tolist()
        self.relieves = relief.node.tolist()
        self.brings = (pairs.propensity * relief.freed_kw).tolist()
        self.sought = relief.needed_kw.tolist()
        self.offers_left = [at_a_node] * len(self.sought)
        self.contacts: list[int] = []
        self.flexible: list[int] = []
        self.refused: list[int] = []
        self.seen: list[np.ndarray] = []

    def judge(self, at: int) -> int:
        """The code of one pair; OPEN once it is taken."""
        flexible = False
        if self.needs[at]:
            path = self.room.paths[self.fit.area[at]]
            left = self.rest[path]
            if not (left >= self.firm[at]).all():
                flexible = bool(self.fit.flexible[at] and (left >= self.other[at]).all())
                if not flexible:
                    self.refused.append(at)
                    self.seen.append(left)
                    return _NO_CAPACITY
        node = self.relieves[at]
        if node >= 0 and (self.sought[node] <= 0 or self.offers_left[node] <= 0):
            return _ENOUGH
        code = self.capped(at)
        if code == OPEN:
            self.hold(at, flexible)
        return code

    def capped(self, at: int) -> int:
        """Whether the person, or the hall, has had enough."""
        if self.before[at] != OPEN:
            return int(self.before[at])
        channel, person = self.channel[at], self.person[at]
        if self.total[person] <= 0 or (channel >= 0 and self.spare[person * len(CHANNELS) + channel] <= 0):
            return _OUTRANKED
        if channel == HALL and self.cards[self.hall[at]] <= 0:
            return _FULL
        return _NOWHERE if channel == NOWHERE else OPEN

    def hold(self, at: int, flexible: bool) -> None:
        """Take one."""
        self.contacts.append(at)
        if flexible:
            self.flexible.append(at)
        if self.needs[at]:
            self.rest[self.room.paths[self.fit.area[at]]] -= self.holds[flexible][at]
        channel, person, node = self.channel[at], self.person[at], self.relieves[at]
        self.spare[person * len(CHANNELS) + channel] -= 1
        self.total[person] -= 1
        if channel == HALL:
            self.cards[self.hall[at]] -= 1
        if node >= 0:
            self.sought[node] -= self.brings[at]
            self.offers_left[node] -= 1

    def binding(self, many: int) -> tuple[np.ndarray, np.ndarray]:
        """Node and block that bound each pair there was no room for, as it was in its turn."""
        node, block = np.full(many, -1, dtype=np.int32), np.full(many, -1, dtype=np.int8)
        if self.refused:
            those = np.array(self.refused)
            want = self.firm[those]
            slack = np.where(np.isneginf(want)[:, None, :], np.inf, np.array(self.seen) - want[:, None, :])
            node[those], block[those] = self.room.binding(self.fit.area[those], slack)
        return node, block
