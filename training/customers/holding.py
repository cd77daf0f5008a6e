"""Which cases a version is trained on and which it is scored on: the newest origins are held out, out of time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.customers.cases import Cases

__all__ = ["Split", "data_end", "hold_out", "of_origins"]


@dataclass(frozen=True)
class Split:
    """`training` were all known at `trained_until`; `held_out` are the cases of the `origins` newest origins, the first
    of which is at `trained_until`. Without any origin held out, training is on everything."""

    training: Cases
    held_out: Cases
    trained_until: pd.Timestamp
    origins: int


def hold_out(cases: Cases, origins: int) -> Split:
    """Hold out the newest `origins`, fewer where nothing would be left to train on.

    A case is trained on only if its outcome was known when the first held-out origin came. So with outcomes that take a
    year, the cases of the last year before that origin are neither trained on nor scored.
    """
    moments = cases.origins()
    for count in range(min(origins, len(moments) - 1), 0, -1):
        first = moments[-count]
        training = cases.known(first)
        if len(training.rows):
            held = cases.take((cases.rows["origin"] >= first).to_numpy(dtype=bool))
            return Split(training, held, first, count)
    return Split(cases, cases.take(np.zeros(len(cases.rows), dtype=bool)), data_end(cases), 0)


def data_end(cases: Cases) -> pd.Timestamp:
    """When the last of the outcomes became known: all that a fit on everything has seen."""
    return pd.Timestamp(cases.rows["known_at"].max())


def of_origins(cases: Cases, moments: list[pd.Timestamp]) -> Cases:
    """The cases of some origins."""
    return cases.take(cases.rows["origin"].isin(moments).to_numpy(dtype=bool))
