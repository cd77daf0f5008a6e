"""The part of a decision that needs neither the books nor the grid: who is meant, allowed and reached, and what it is
worth. It is the slow part, and nothing has to be locked meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from serving.decisions.pushes.asked import Asked, asked_of
from serving.decisions.pushes.catalogue import Acceptance, Catalogue, Service, Value
from serving.decisions.pushes.codes import CODES, SENT
from serving.decisions.pushes.draws import draw, explores
from serving.decisions.pushes.loads import load_known, load_kw
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.reach import reach
from serving.decisions.pushes.records import Moment, People, Scores
from serving.decisions.selection import Judged, Wide, judge, parse

__all__ = ["OPEN", "Pairs", "Weighed", "place_of", "weigh"]


def place_of(code: str) -> int:
    """Where a code stands in the order of judgement."""
    return CODES.index(code)


OPEN = place_of(SENT)
"""What stands for a pair nothing has spoken against yet: it comes after every refusal."""


@dataclass(frozen=True)
class Pairs:
    """Customers and services nothing has spoken against so far, as columns; by service, then by customer.

    `row` is the place among those asked about, `service` that in the catalogue, `channel` that in CHANNELS or NOWHERE.
    `explored`: the order is `drawn` (of [0, 1)), not scored. `firm_kw` and `flexible_kw` float64 [pair, block] are what
    an acceptance adds; all NaN where there is no flexible offer.
    """

    row: np.ndarray
    service: np.ndarray
    channel: np.ndarray
    propensity: np.ndarray
    uplift: np.ndarray
    value_cny: np.ndarray
    cost_cny: np.ndarray
    score_cny: np.ndarray
    explored: np.ndarray
    drawn: np.ndarray
    firm_kw: np.ndarray
    flexible_kw: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def of(self, those: np.ndarray) -> "Pairs":
        """Some of them, by mask or by places."""
        return Pairs(**{name: column[those] for name, column in vars(self).items()})


@dataclass(frozen=True)
class Weighed:
    """What was found before books and grid are looked at. `places` int [asked] are those asked about, among all
    customers; `reasons` int8 [asked, service] places in CODES, OPEN for the `pairs`."""

    catalogue: Catalogue
    policy: PushPolicy
    wide: Wide
    people: People
    moment: Moment
    places: np.ndarray
    reasons: np.ndarray
    pairs: Pairs


def weigh(
    catalogue: Catalogue,
    policy: PushPolicy,
    wide: Wide,
    people: People,
    own_kw: np.ndarray,
    scores: Scores,
    moment: Moment,
    within: np.ndarray | None = None,
) -> Weighed:
    """Judge every service for every customer (of `within`, a mask; None: all). `own_kw` [customers, block] is what each
    draws himself, NaN where it is not known."""
    asked = asked_of(catalogue, wide, people, own_kw, within)
    reasons = np.empty((len(asked), len(catalogue.services)), dtype=np.int8)
    stale = moment.now - moment.snapshot_as_of > timedelta(days=policy.max_snapshot_days)
    drawn = explores(policy, asked.people.persons)
    parts = []
    for at, service in enumerate(catalogue.services):
        found, part = _weigh_one(at, service, policy, asked, scores, moment.local.hour, stale, drawn)
        reasons[:, at] = found
        parts.append(part)
    return Weighed(catalogue, policy, wide, people, moment, asked.places, reasons, _together(parts))


def _weigh_one(
    at: int,
    service: Service,
    policy: PushPolicy,
    asked: Asked,
    scores: Scores,
    hour: int,
    stale: bool,
    explored: np.ndarray,
) -> tuple[np.ndarray, Pairs]:
    """The reasons of one service, int8 [asked], and the pairs that are still open."""
    reached = reach(service, policy, asked.wide, asked.people, hour)
    truth = _eligible(service, asked)
    found = np.full(len(asked), OPEN, dtype=np.int8)
    # The last that is judged is the first that is told.
    for code, where in (
        ("QUIET_HOURS", reached.silent),
        ("DO_NOT_CONTACT", asked.people.do_not_contact),
        ("PROFILING_FORBIDDEN", asked.people.forbids_profiling),
        ("NO_CONSENT", ~reached.allowed),
        ("PORTRAIT_STALE", np.full(len(asked), stale)),
        ("ELIGIBILITY_UNKNOWN", truth.unknown),
        ("NOT_ELIGIBLE", truth.false),
    ):
        found[where] = place_of(code)
    row = np.flatnonzero(found == OPEN)
    chance = _propensity(service.acceptance, asked.wide)[row]
    uplift = _uplift(service, scores, asked)[row]
    value, cost = _value(service.value, asked.wide)[row], reached.cost_cny[row]
    order = np.full(len(row), np.nan)
    lot = explored[row]
    order[lot] = draw(policy.salt, f"order|{service.code}", asked.wide.customer_ids[row[lot]])
    own = asked.own_kw[row]
    firm = load_kw(service.load, own)
    flexible = np.full(firm.shape, np.nan) if service.flexible is None else load_kw(service.flexible, own)
    score = np.where(np.isnan(uplift), chance, uplift) * value - cost
    which = np.full(len(row), at, dtype=np.int16)
    channel = reached.channel[row]
    return found, Pairs(row, which, channel, chance, uplift, value, cost, score, lot, order, firm, flexible)


def _eligible(service: Service, asked: Asked) -> Judged:
    """For whom the service is: by class, by its expression, and only where its load is known."""
    truth = judge(service.who, asked.wide)
    true, false = truth.true, truth.false
    if service.classes:
        texts = asked.wide.texts["customer_class"]
        meant = np.array([*(one in service.classes for one in texts.values), False])[texts.codes]
        true, false = true & meant, false | ((texts.codes >= 0) & ~meant)
    return Judged(true & load_known(service, asked.own_kw), false)


def _propensity(acceptance: Acceptance, wide: Wide) -> np.ndarray:
    """How probable acceptance is; a factor whose condition is not known to hold counts for nothing."""
    found = np.full(len(wide), acceptance.base)
    for factor in acceptance.factors:
        found[judge(parse(factor.when), wide).true] *= factor.times
    return np.minimum(found, acceptance.most)


def _value(value: Value, wide: Wide) -> np.ndarray:
    """What an acceptance brings, CNY; a column that is not known brings nothing."""
    if value.column is None:
        return np.full(len(wide), value.cny)
    return value.cny + value.share * np.nan_to_num(wide.numbers[value.column], nan=0.0)


def _uplift(service: Service, scores: Scores, asked: Asked) -> np.ndarray:
    known = scores.uplift.get(service.code)
    return np.full(len(asked), np.nan) if known is None else np.asarray(known, dtype=float)[asked.places]


def _together(parts: Sequence[Pairs]) -> Pairs:
    return Pairs(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})
