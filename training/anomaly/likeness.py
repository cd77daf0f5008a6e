"""What like customers do on the same days: each customer's use on a scale of its own, and its expected course."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Scaled", "expected", "like", "scaled"]

_SOFT = 0.02
"""Logs are of (use / level + this), so that a day without use stays finite."""
_RIDGE = 0.02


@dataclass(frozen=True)
class Scaled:
    """`kwh` [n × days] as given; `level` [n, 1] its mean before the window; `logs` of use / level."""

    kwh: np.ndarray
    level: np.ndarray
    logs: np.ndarray


def scaled(kwh: np.ndarray, window: int) -> Scaled:
    """Readings relative to the mean of the days before the last `window` ones."""
    kwh = kwh.astype(float)
    level = np.maximum(kwh[:, :-window].mean(axis=1, keepdims=True), 1e-6)
    return Scaled(kwh, level, np.log(kwh / level + _SOFT))


def like(own: Scaled, others: Scaled, window: int, nearest: int, same: np.ndarray | None = None) -> np.ndarray:
    """Mean log use [n × days] of the `nearest` of `others` whose days before the window went most alike.

    `same` [n] is the place of each customer among the others (-1: not there), which is left out.
    """
    ours, theirs = (_standard(one.logs[:, :-window]) for one in (own, others))
    alike = ours @ theirs.T / ours.shape[1]
    if same is not None:
        there = np.flatnonzero(same >= 0)
        alike[there, same[there]] = -np.inf
    count = min(nearest, alike.shape[1] - 1)
    chosen = np.argpartition(-alike, count, axis=1)[:, :count]
    weight = np.zeros_like(alike, dtype=np.float32)
    kept = np.maximum(np.take_along_axis(alike, chosen, axis=1), 0.05)
    np.put_along_axis(weight, chosen, (kept / kept.sum(axis=1, keepdims=True)).astype(np.float32), axis=1)
    return (weight @ others.logs.astype(np.float32)).astype(float)


def expected(logs: np.ndarray, alike: np.ndarray, common: np.ndarray, window: int) -> np.ndarray:
    """Course of `logs` [n × days] by like customers, all customers and the weekday, learnt before the window.

    A ridge regression for each customer; standardised terms, the constant unpenalised.
    """
    count, days = logs.shape
    weekday = np.eye(7)[np.arange(-days, 0) % 7][:, 1:]
    terms = np.empty((count, days, 9))
    terms[:, :, 0], terms[:, :, 1], terms[:, :, 2], terms[:, :, 3:] = 1.0, alike, common, weekday
    before = terms[:, :-window]
    mean = before.mean(axis=1, keepdims=True)
    mean[:, :, 0] = 0.0
    terms = terms - mean
    before = terms[:, :-window]
    gram = np.einsum("ntp,ntq->npq", before, before, optimize=True)
    diagonal = np.einsum("npp->np", gram)
    penalty = _RIDGE * diagonal + 1e-6
    penalty[:, 0] = 0.0
    gram[:, np.arange(9), np.arange(9)] = diagonal + penalty
    moment = np.matmul(before.transpose(0, 2, 1), logs[:, :-window, None])
    return np.matmul(terms, np.linalg.solve(gram, moment))[:, :, 0]


def _standard(values: np.ndarray) -> np.ndarray:
    values = values - values.mean(axis=1, keepdims=True)
    return (values / np.maximum(values.std(axis=1, keepdims=True), 1e-6)).astype(np.float32)
