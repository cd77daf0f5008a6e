"""A small world in which offers are decided, and everything is open but what is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from features.contracts import CUSTOMER_CLASSES
from serving.decisions.pushes import (
    CODES,
    FORMER_COLUMNS,
    Catalogue,
    Decided,
    Grid,
    Moment,
    People,
    PushPolicy,
    Scores,
    decide,
)
from serving.decisions.selection import Texts, Wide

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
PATHS = {"A1": ("A1", "F1", "S"), "A2": ("A2", "F1", "S"), "A3": ("A3", "F2", "S"), "F1": ("F1", "S"), "S": ("S",)}
KINDS = {"A": "area", "F": "feeder", "S": "substation"}
NODES = ("A1", "A2", "A3", "F1", "F2", "S")
KIND_OF = {node: KINDS[node[0]] for node in NODES}
CONSENTS = tuple((purpose, channel) for purpose in ("marketing", "service") for channel in ("app", "hall"))
SERVICES: tuple[dict[str, Any], ...] = (
    {
        "code": "grow",
        "classes": ["residential", "commercial"],
        "eligible": 'not tag("t") and x > 2',
        "load": {"kw": [0, 0, 1, 2, 3, 0]},
        "flexible": {"kw": [2, 0, 0, 0, 0, 0]},
        "acceptance": {
            "base": 0.2,
            "factors": [{"when": 'tag("u")', "times": 2}, {"when": "x > 3", "times": 1.5}],
            "most": 0.5,
        },
        "value": {"cny": 10},
        "cost_cny": {"app": 0.5, "hall": 3},
    },
    {
        "code": "own",
        "eligible": 'x > 1 or tag("u")',
        "load": {"own_share": [0.2] * 6},
        "acceptance": {"base": 0.3},
        "value": {"column": "v", "share": 0.1},
        "cost_cny": {"hall": 2},
        "purpose": "service",
    },
    {
        "code": "ease",
        "eligible": 'not tag("t")',
        "load": {"own_share": [0.05, 0, 0, 0, -0.3, -0.1]},
        "acceptance": {"base": 0.25},
        "value": {"cny": 4},
        "cost_cny": {"app": 0.3, "hall": 4},
    },
    {
        "code": "word",
        "eligible": "app_active_days_90d >= 1",
        "acceptance": {"base": 0.3},
        "value": {"cny": 3},
        "cost_cny": {"app": 0.1},
        "purpose": "service",
    },
)


def service(code: str = "word", **changed: Any) -> dict[str, Any]:
    """One of SERVICES, otherwise named or changed."""
    known = next((one for one in SERVICES if one["code"] == code), {**SERVICES[-1], "code": code})
    whole = {"version": 1, "campaign": f"{code}_1", "name": WORDS, "says": WORDS, "purpose": "marketing", **known}
    return whole | changed


WORDS = {"english": "a service", "chinese": "服务"}


def catalogue(*services: dict[str, Any]) -> Catalogue:
    """These services, or all four."""
    every = services or tuple(service(one["code"]) for one in SERVICES)
    return Catalogue.model_validate({"services": every})


def policy(**changed: Any) -> PushPolicy:
    """Nobody is left out, nobody explores, no channel rests."""
    return PushPolicy(**{"universal_holdout": 0, "campaign_holdout": 0, "explore": 0, **changed})


def texts(values: Sequence[str | None], closed: Sequence[str] | None = None) -> Texts:
    return Texts.of(pd.Series(list(values), dtype="str"), closed)


def wide(n: int, **changed: Any) -> Wide:
    """`n` customers for whom everything is; columns, texts and tags changed by name, one value or one each."""
    numbers = {"x": 5.0, "v": 100.0, "app_active_days_90d": 9.0}
    words = {"hall_id": "H1", "area_id": "A1", "customer_class": "residential"}
    tags = {"t": 0, "u": 0}
    assert set(changed) <= {*numbers, *words, *tags}

    def each(name: str, usual: Any) -> list[Any]:
        value = changed.get(name, usual)
        return list(value) if isinstance(value, list | np.ndarray) else [value] * n

    return Wide(
        np.array([f"C{at:04d}" for at in range(n)], dtype=object),
        {name: np.array(each(name, value), dtype=float) for name, value in numbers.items()},
        {k: texts(each(k, v), CUSTOMER_CLASSES if k == "customer_class" else None) for k, v in words.items()},
        {name: np.array(each(name, value), dtype=np.int8) for name, value in tags.items()},
    )


def grid(kva: float = 1000, stale: str | None = None, **nodes: Any) -> Grid:
    """As much left everywhere, but for the nodes that are named: kVA, one or six."""
    left = {node: np.broadcast_to(1000.0 * np.array(nodes.get(node, kva)), 6).copy() for node in NODES}
    return Grid(left, PATHS, KIND_OF, stale=stale)


def former(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Former contacts: by default of C0000, of service `word`, by app, a day ago, standing still."""
    usual = {"push_id": "p", "customer_id": "C0000", "service": "word", "channel": "app", "reason": "SENT"}
    told = []
    for row in rows:
        days = row.get("days", 1)
        whole = {**usual, "decided_at": NOW - timedelta(days=days), "answered_at": pd.NaT, **row}
        whole.setdefault("expires_at", whole["decided_at"] + timedelta(days=30))
        whole.setdefault("person_id", whole["customer_id"])
        told.append({name: whole[name] for name in FORMER_COLUMNS})
    frame = pd.DataFrame(told, columns=list(FORMER_COLUMNS))
    for name in ("decided_at", "expires_at", "answered_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


@dataclass(frozen=True)
class World:
    """Everything a decision is made from."""

    catalogue: Catalogue
    policy: PushPolicy
    wide: Wide
    people: People
    own_kw: np.ndarray
    former: pd.DataFrame
    grid: Grid
    scores: Scores
    moment: Moment
    within: np.ndarray | None = None
    capacity_rule: bool = True

    def but(self, **changed: Any) -> "World":
        return replace(self, **changed)

    def with_policy(self, **changed: Any) -> "World":
        return replace(self, policy=self.policy.model_copy(update=changed))

    def decide(self, run_id: str = "R1") -> Decided:
        return decide(run_id, **vars(self))

    def reasons(self) -> dict[tuple[str, str], str]:
        """(customer, service) → its reason."""
        return reasons_of(self, self.decide())


def reasons_of(world: World, decided: Decided) -> dict[tuple[str, str], str]:
    return {
        (str(customer), code): CODES[decided.reasons[row, at]]
        for row, customer in enumerate(world.wide.customer_ids)
        for at, code in enumerate(decided.services)
        if decided.reasons[row, at] >= 0
    }


def world(n: int = 1, services: Sequence[dict[str, Any]] = (), **changed: Any) -> World:
    """`n` customers who may be offered everything; parts changed by name, columns of customers too."""
    parts = {name: changed.pop(name) for name in list(changed) if name in World.__dataclass_fields__}
    customers = wide(n, **changed)
    nobody = np.zeros(n, dtype=bool)
    people = People(customers.customer_ids.copy(), nobody, nobody, dict.fromkeys(CONSENTS, ~nobody))
    open_to_all = World(
        catalogue(*services),
        policy(),
        customers,
        people,
        np.full((n, 6), 2.0),
        former(),
        grid(),
        Scores(),
        Moment(NOW, NOW + timedelta(hours=8), NOW),
    )
    return replace(open_to_all, **parts)
