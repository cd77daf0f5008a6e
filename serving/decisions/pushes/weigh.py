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
from serving.decisions.pushes.reach import Reach, reach
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
        reached = reach(service, policy, asked.wide, asked.people, moment.local.hour)
        reasons[:, at] = _reasons(service, asked, reached, stale)
        row = np.flatnonzero(reasons[:, at] == OPEN)
        order = np.full(len(row), np.nan)
        lot = drawn[row]
        order[lot] = draw(policy.salt, f"order|{service.code}", asked.wide.customer_ids[row[lot]])
        parts.append(_pairs(at, service, asked, reached, scores, row, order))
    return Weighed(catalogue, policy, wide, people, moment, asked.places, reasons, _together(parts))


def _reasons(service: Service, asked: Asked, reached: Reach, stale: bool) -> np.ndarray:
    """What speaks against a service, int8 [asked]; OPEN where nothing does."""
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
    return found


def _pairs(
    at: int, service: Service, asked: Asked, reached: Reach, scores: Scores, row: np.ndarray, drawn: np.ndarray
) -> Pairs:
    """What a service is worth to those of some rows, and does to their load. `drawn` [row] is the lot of explorers, NaN
    for all others."""
    chance = _propensity(service.acceptance, asked.wide)[row]
    uplift = _uplift(service, scores, asked)[row]
    value, cost = _value(service.value, asked.wide)[row], reached.cost_cny[row]
    firm = load_kw(service.load, asked.own_kw[row])
    flexible = service.flexible
    return Pairs(
        row=row,
        service=np.full(len(row), at, dtype=np.int16),
        channel=reached.channel[row],
        propensity=chance,
        uplift=uplift,
        value_cny=value,
        cost_cny=cost,
        score_cny=np.where(np.isnan(uplift), chance, uplift) * value - cost,
        explored=~np.isnan(drawn),
        drawn=drawn,
        firm_kw=firm,
        flexible_kw=np.full(firm.shape, np.nan) if flexible is None else load_kw(flexible, asked.own_kw[row]),
    )


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
