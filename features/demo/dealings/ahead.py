"""Who speaks of a turn before he takes it: more capacity, a charging point, the end of an account."""

import numpy as np
import pandas as pd

from features.demo.dealings.ground import Ground

__all__ = ["before_turns"]

# Topic, share of those who ask, and how many days ahead they do, at least and at most.
_ASKS = {
    "grow": ("capacity", 0.5, 20, 240),
    "electrify": ("charger", 0.35, 10, 90),
    "leave": ("transfer", 0.4, -30, 20),
}


def before_turns(ground: Ground) -> pd.DataFrame:
    """Contacts (customer, area, topic, day) of customers whose use is about to turn; many say nothing."""
    rng = ground.rng(14)
    rows = []
    for turn in ground.customers.turns:
        topic, share, least, most = _ASKS[turn.kind]
        day = turn.start - int(rng.integers(least, most + 1)) + np.clip(rng.normal(13.5, 3.0), 7, 21) / 24
        speaks = rng.random() < share and not (turn.kind == "electrify" and turn.heating)
        if speaks and 0 <= day < ground.span:
            rows.append((turn.customer, int(ground.customers.area[turn.customer]), topic, float(day)))
    return pd.DataFrame(rows, columns=["customer", "area", "topic", "day"])
