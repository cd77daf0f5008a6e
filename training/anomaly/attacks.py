"""Our own attacks on honest readings: what a model of theft learns from where inspections are few or none."""

import numpy as np
from pydantic import Field

from features.settings import Settings

__all__ = ["KINDS", "AttackConfig", "attacked", "forge"]


class AttackConfig(Settings):
    """Ranges that the parameters of an attack are drawn from; how often each kind is drawn is `weights`.

    The kinds follow what is reported of false data injection into meters (Jokar et al., IEEE Trans. Smart Grid 7(1),
    2016), put in days, and go beyond it: bypasses that come slowly, that run on some days only, and meters that stop.
    """

    factor: tuple[float, float] = Field((0.05, 0.9), description="share of the use that is still shown")
    jitter_low: tuple[float, float] = Field((0.05, 0.4), description="lower end of a factor drawn every day")
    jitter_high: tuple[float, float] = Field((0.5, 0.95), description="upper end of a factor drawn every day")
    cap_quantile: tuple[float, float] = Field((0.05, 0.7), description="quantile of the use before that caps it")
    cap_days: int = Field(60, ge=7, description="days before the onset whose quantile is the cap")
    spell_days: tuple[int, int] = Field((2, 20), description="days of a spell without, or with, use")
    block_days: tuple[int, int] = Field((12, 45), description="days over which use is levelled or put in other order")
    creep_days: tuple[int, int] = Field((20, 90), description="days until a slow attack is complete")
    part_share: tuple[float, float] = Field((0.2, 0.7), description="share of the days on which a bypass is closed")
    least_days: int = Field(25, ge=1, description="an attack lasts at least so long …")
    most_days: int = Field(180, ge=2, description="… and at most so long, up to the end of the readings")
    weights: dict[str, float] = Field(
        {
            "scaled": 1.0,
            "jittered": 1.0,
            "capped": 0.6,
            "spells": 0.6,
            "levelled_jittered": 1.0,
            "levelled": 1.0,
            "reordered": 1.2,
            "creeping": 0.2,
            "part_time": 0.3,
        },
        description="how often each kind is drawn, relative to the others",
    )


def _scaled(tail: np.ndarray, _before: np.ndarray, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    return tail * rng.uniform(*config.factor)


def _factors(days: int, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(rng.uniform(*config.jitter_low), rng.uniform(*config.jitter_high), days)


def _jittered(tail: np.ndarray, _before: np.ndarray, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    return tail * _factors(len(tail), config, rng)


def _capped(tail: np.ndarray, before: np.ndarray, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    return np.minimum(tail, np.quantile(before[-config.cap_days :], rng.uniform(*config.cap_quantile)))


def _spells(tail: np.ndarray, _before: np.ndarray, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    lengths = rng.integers(config.spell_days[0], config.spell_days[1] + 1, len(tail))
    off = np.repeat(np.arange(len(tail)) % 2 == rng.integers(0, 2), lengths)[: len(tail)]
    return np.where(off, 0.0, tail)


def _blocks(days: int, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    return np.arange(days) // rng.integers(config.block_days[0], config.block_days[1] + 1)


def _levelled(tail: np.ndarray, _before: np.ndarray, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    block = _blocks(len(tail), config, rng)
    return (np.bincount(block, tail) / np.bincount(block))[block]


def _levelled_jittered(
    tail: np.ndarray, before: np.ndarray, config: AttackConfig, rng: np.random.Generator
) -> np.ndarray:
    return _levelled(tail, before, config, rng) * _factors(len(tail), config, rng)


def _reordered(tail: np.ndarray, _before: np.ndarray, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    """Backwards within blocks, or (one in four) the block's days shuffled."""
    block, place = _blocks(len(tail), config, rng), np.arange(len(tail))
    key = rng.random(len(tail)) if rng.random() < 0.25 else -place
    return tail[np.lexsort((key, block))]


def _creeping(tail: np.ndarray, _before: np.ndarray, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    done = np.minimum(np.arange(1, len(tail) + 1) / rng.integers(config.creep_days[0], config.creep_days[1] + 1), 1.0)
    return tail * (1 - done * (1 - rng.uniform(*config.factor)))


def _part_time(tail: np.ndarray, _before: np.ndarray, config: AttackConfig, rng: np.random.Generator) -> np.ndarray:
    closed = rng.random(len(tail)) < rng.uniform(*config.part_share)
    return np.where(closed, tail * rng.uniform(*config.factor), tail)


KINDS = {
    "scaled": _scaled,
    "jittered": _jittered,
    "capped": _capped,
    "spells": _spells,
    "levelled": _levelled,
    "levelled_jittered": _levelled_jittered,
    "reordered": _reordered,
    "creeping": _creeping,
    "part_time": _part_time,
}
"""Name → what it makes of the readings from the onset on, given those before it."""


def forge(
    use: np.ndarray, onset: int, kind: str, config: AttackConfig, rng: np.random.Generator, floor: float = 0.0
) -> np.ndarray:
    """One customer's daily readings (kWh, all known) as a meter would show them under `kind` from day `onset` on.

    Readings that are whole numbers stay so; none falls below `floor`, the least that such a meter shows.
    """
    tail = KINDS[kind](use[onset:].astype(float), use[:onset].astype(float), config, rng)
    whole = bool(np.all(use == np.rint(use)))
    return np.concatenate([use[:onset], np.maximum(np.rint(tail) if whole else tail, floor)])


def attacked(
    use: np.ndarray, config: AttackConfig, rng: np.random.Generator, floor: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(readings with an attack on every row [n × days], place of its kind in `KINDS`, day of its onset)."""
    names = list(KINDS)
    weight = np.array([config.weights.get(name, 0.0) for name in names])
    kind = rng.choice(len(names), len(use), p=weight / weight.sum())
    days = use.shape[1]
    most = min(config.most_days, days - config.cap_days)
    onset = days - rng.integers(min(config.least_days, most), most + 1, len(use))
    rows = [forge(row, int(on), names[k], config, rng, floor) for row, k, on in zip(use, kind, onset, strict=True)]
    return np.array(rows), kind, onset
