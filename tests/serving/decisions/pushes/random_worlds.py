"""Small worlds in which offers are decided, drawn at random: unknown values, shared accounts, closed nodes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from serving.decisions.pushes import Grid, Moment, People, PushPolicy, Scores
from serving.decisions.pushes.policy import QuietHours
from serving.decisions.queue import Waiting
from serving.decisions.selection import Wide
from tests.serving.decisions.pushes.worlds import CONSENTS, KIND_OF, NODES, NOW, PATHS, World, catalogue, former, wide


def random_world(seed: int, n: int, **fixed: Any) -> World:
    """Anything that may come together: unknown values, shared accounts, closed nodes, former contacts."""
    rng = np.random.default_rng(seed)

    def some(values: Sequence[Any], p: Sequence[float] | None = None) -> list[Any]:
        return [values[at] for at in rng.choice(len(values), n, p=p)]

    customers = wide(
        n,
        x=some([0.0, 2.5, 2.5, 3.5, 3.5, 5.0, 5.0, np.nan]),
        v=some([0.0, 50.0, 200.0, np.nan]),
        app_active_days_90d=some([0.0, 3.0, 3.0, np.nan]),
        hall_id=some(["H1", "H2", "H2", None]),
        area_id=some(["A1", "A2", "A3", "A9", None], [0.45, 0.25, 0.25, 0.02, 0.03]),
        customer_class=some(["residential", "commercial", "industrial", None], [0.5, 0.35, 0.1, 0.05]),
        t=some([0, 1, -1], [0.84, 0.1, 0.06]),
        u=some([0, 1, -1]),
    )
    people = _people(rng, customers)
    own = rng.choice([0.0, 1.5, 4.0, 9.0], (n, 6))
    own[rng.random(n) < 0.05] = np.nan
    parts: dict[str, Any] = {
        "catalogue": catalogue(),
        "policy": _policy(rng),
        "wide": customers,
        "people": people,
        "own_kw": own,
        "former": _former(rng, customers, people.persons),
        "grid": _grid(rng),
        "scores": Scores({"ease": rng.choice([np.nan, 0.4, -0.1], n)} if rng.random() < 0.3 else {}),
        "moment": Moment(
            NOW,
            NOW.replace(hour=int(rng.choice([3, 10, 12, 15, 23]))),
            NOW - timedelta(days=int(rng.choice([0, 14, 15], p=[0.6, 0.36, 0.04]))),
        ),
        "within": rng.random(n) < 0.7 if rng.random() < 0.2 else None,
        "capacity_rule": bool(rng.random() < 0.9),
    }
    return World(**(parts | fixed))


QUIET: tuple[dict[Any, Any], ...] = (
    {"app": QuietHours(begins=22, ends=9)},
    {"hall": QuietHours(begins=12, ends=14)},
    {},
)


def _policy(rng: np.random.Generator) -> PushPolicy:
    return PushPolicy(
        universal_holdout=0.2,
        campaign_holdout=0.3,
        explore=float(rng.choice([0, 0.4])),
        salt=f"s{rng.integers(5)}",
        quiet=QUIET[int(rng.integers(len(QUIET)))],
        per_channel_contacts=int(rng.integers(1, 3)),
        total_contacts=int(rng.integers(1, 4)),
        constrained_kva=float(rng.choice([0, 1, 6])),
        relief_cover=float(rng.choice([0.1, 1])),
        relief_least_kw=float(rng.choice([0, 0.6])),
        relief_contacts=int(rng.integers(1, 4)),
        hall_contacts=int(rng.choice([1, 3, 50])),
        least_score_cny=float(rng.choice([0, 0.5])),
    )


def _people(rng: np.random.Generator, customers: Wide) -> People:
    n, persons = len(customers), customers.customer_ids.copy()
    for at in range(1, n):
        if rng.random() < 0.2:
            persons[at] = persons[rng.integers(0, at)]
    allowed = {pair: rng.random(n) < 0.8 for pair in CONSENTS if rng.random() < 0.95}
    return People(persons, rng.random(n) < 0.06, rng.random(n) < 0.04, allowed)


def _grid(rng: np.random.Generator) -> Grid:
    left = {node: 1000.0 * rng.integers(-1, 16, 6) * {"A": 1, "F": 2, "S": 4}[node[0]] for node in NODES}
    for node in NODES:
        if rng.random() < 0.08:
            left[node][rng.integers(6)] = np.nan
    if rng.random() < 0.05:
        del left["F1"]
    waiting = [
        Waiting(
            f"Y{at}", str(rng.choice(["A1", "A2", "A3", "F1", "A7"])), tuple(int(v) for v in rng.integers(0, 2000, 6))
        )
        for at in range(rng.integers(3))
    ]
    shadow = {"A1": rng.integers(0, 1500, 6).astype(float)} if rng.random() < 0.3 else {}
    stale = "too old" if rng.random() < 0.05 else None
    own = {"A1": left["A1"] + rng.integers(0, 3000, 6)} if rng.random() < 0.3 else {}
    return Grid(left, PATHS, KIND_OF, waiting, shadow, own, stale)


def _former(rng: np.random.Generator, customers: Wide, persons: np.ndarray) -> pd.DataFrame:
    rows = []
    for at in range(int(rng.integers(0, 1 + len(customers) // 2))):
        place = int(rng.integers(len(customers)))
        decided = NOW - timedelta(days=float(rng.choice([0, 3, 7, 12, 30, 45])))
        rows.append(
            {
                "push_id": f"p{at}",
                "customer_id": str(customers.customer_ids[place]) if rng.random() < 0.9 else "C9999",
                "person_id": str(persons[place]) if rng.random() < 0.9 else str(rng.choice(persons)),
                "service": str(rng.choice(["grow", "own", "ease", "word", "gone"])),
                "channel": str(rng.choice(["app", "hall"])),
                "decided_at": decided,
                "expires_at": decided + timedelta(days=int(rng.choice([10, 30, 60]))),
                "answered_at": NOW if rng.random() < 0.3 else pd.NaT,
            }
        )
    return former(*rows)
