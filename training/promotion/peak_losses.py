"""Two peak configurations fitted anew at the same earlier origins, and scored on the peaks that came after them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import pandas as pd

from training.metrics import pinball
from training.peak import ConnectionPolicy, PeakConfig
from training.peak.core import fit_core
from training.peak.inputs import PeakInputs
from training.peak.learn import learn_demand
from training.peak.peaks import state_peaks
from training.peak.rolling import outcome_kw
from training.promotion.policy import PeakWindow
from training.promotion.verdict import Compared, Pair

__all__ = ["PeakSide", "judge_peak", "peak_origins"]

Say = Callable[[str], None]
_LEVELS = {"peak_p50_kw": 0.5, "peak_p90_kw": 0.9, "peak_p95_kw": 0.95}


@dataclass(frozen=True)
class PeakSide:
    """One configuration and all it may ever be given; every origin cuts `inputs` off at its own day."""

    config: PeakConfig
    connections: ConnectionPolicy
    inputs: PeakInputs


def peak_origins(inputs: PeakInputs, least_days: int, seen_until: pd.Timestamp | None, rule: PeakWindow) -> list[int]:
    """Day numbers of the judged origins, earliest first: the last ones whose horizon has ended.

    They lie a horizon apart, so no day is judged twice. `least_days` is the history the configurations need before
    an origin; `seen_until` the end of the data that tuning has seen.
    """
    latest = len(inputs.days) - rule.horizon_days
    days = list(range(latest, max(least_days, 1) - 1, -rule.horizon_days))[: rule.origins]
    if seen_until is not None:
        days = [day for day in days if inputs.until(day).as_of >= seen_until]
    return sorted(days)


def judge_peak(
    challenger: PeakSide,
    champion: PeakSide,
    origins: list[int],
    rule: PeakWindow,
    fresher_days: float,
    say: Say = lambda _text: None,
) -> Compared:
    """Pinball of P50, P90 and P95 of the highest load within the horizon, kW, by node and origin (`day`).

    Everything an origin uses, the demand factors of connections included, is learnt from the days before it. A node
    counts where both state its peak and enough of the horizon is known.
    """
    pair, losses = (champion, challenger), []
    inside: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    seconds: tuple[list[float], list[float]] = ([], [])
    for number, day in enumerate(origins):
        say(f"judging origin {number + 1} of {len(origins)}")
        said: dict[int, pd.DataFrame] = {}
        for side in (0, 1) if number % 2 else (1, 0):
            if challenger is champion and said:
                # The same settings on more data, the commonest case: one fit speaks for both.
                said[side], spent = said[1 - side], seconds[1 - side][-1]
            else:
                began = time.perf_counter()
                said[side] = stated(pair[side], day, rule.horizon_days)
                spent = time.perf_counter() - began
            seconds[side].append(spent)
        came = pd.Series(
            outcome_kw(champion.inputs.peak_kw[:, day : day + rule.horizon_days]),
            index=champion.inputs.nodes.index.astype(str),
        )
        frame = pd.DataFrame({"champion": _loss(said[0], came), "challenger": _loss(said[1], came)})
        known = frame.notna().all(axis=1)
        losses.append(frame.where(known).rename_axis("node_id").reset_index().assign(day=day))
        for side in (0, 1):
            inside[side].append((came <= said[side]["peak_p90_kw"])[known].to_numpy(dtype=float))
    coverage = Pair(*(float(np.concatenate(each).mean()) if known_any(each) else np.nan for each in inside))
    latency = {"all": Pair(median(seconds[0]), median(seconds[1]))}
    return Compared(pd.concat(losses, ignore_index=True), coverage, latency, fresher_days)


def known_any(parts: list[np.ndarray]) -> bool:
    """Whether any outcome was known."""
    return any(len(part) for part in parts)


def stated(side: PeakSide, day: int, horizon_days: int) -> pd.DataFrame:
    """Peaks of every node over the days after origin `day`, from a fit on the days before it."""
    past = side.inputs.until(day)
    learnt = learn_demand(past, side.config, side.connections)
    core = fit_core(past, side.config, learnt)
    return state_peaks(core, (horizon_days,), side.config, learnt).frame()


def _loss(said: pd.DataFrame, came: pd.Series) -> pd.Series:
    actual = came.reindex(said.index).to_numpy(dtype=float)
    each = [pinball(actual, said[name].to_numpy(dtype=float), level) for name, level in _LEVELS.items()]
    return pd.Series(np.mean(each, axis=0), index=said.index)
