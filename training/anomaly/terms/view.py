"""What the terms are made of: readings on each customer's own scale and the course that like customers let expect."""

from dataclasses import dataclass

import numpy as np

__all__ = ["SOFT", "Terms", "View", "expected", "like", "scaled"]

SOFT = 0.02
"""Logs are of (use / level + this), so that a day without use stays finite."""
_RIDGE = 0.02

Terms = dict[str, np.ndarray]
"""Name of a term → its value for each customer, [n]."""


@dataclass(frozen=True)
class View:
    """`kwh`, `share` (of the customer's level), `logs`, `alike` (logs of like customers), `course` (the logs to be
    expected) [n × days]; `common` [days] what all did; `window` the last days, within which a theft may have begun."""

    kwh: np.ndarray
    share: np.ndarray
    logs: np.ndarray
    alike: np.ndarray
    course: np.ndarray
    common: np.ndarray
    window: int

    @property
    def rest(self) -> np.ndarray:
        """Logs beyond what was to be expected."""
        return self.logs - self.course


def scaled(kwh: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """(share, logs): readings relative to the mean of the days before the last `window` ones, and their logs."""
    level = np.maximum(kwh[:, :-window].mean(axis=1, keepdims=True), 1e-6)
    share = kwh / level
    return share, np.log(share + SOFT)


def like(logs: np.ndarray, others: np.ndarray, window: int, nearest: int, same: np.ndarray) -> np.ndarray:
    """Mean log use [n × days] of the `nearest` of `others` whose days before the window went most alike.

    `same` [n] is the place of each customer among the others (-1: not there), which is left out.
    """
    ours, theirs = _standard(logs[:, :-window]), _standard(others[:, :-window])
    alike = ours @ theirs.T / ours.shape[1]
    there = np.flatnonzero(same >= 0)
    alike[there, same[there]] = -1.0
    count = min(nearest, alike.shape[1] - 1)
    chosen = np.argpartition(-alike, count, axis=1)[:, :count]
    kept = np.maximum(np.take_along_axis(alike, chosen, axis=1), 0.05)
    weight = np.zeros_like(alike)
    np.put_along_axis(weight, chosen, kept / kept.sum(axis=1, keepdims=True), axis=1)
    return (weight @ others.astype(np.float32)).astype(float)


def expected(logs: np.ndarray, alike: np.ndarray, common: np.ndarray, window: int) -> np.ndarray:
    """Course of `logs` [n × days] by like customers, all customers and the weekday, learnt before the window.

    A ridge regression for each customer on centred terms; the constant is not penalised.
    """
    count, days = logs.shape
    terms = np.empty((count, days, 9))
    terms[:, :, 0], terms[:, :, 1], terms[:, :, 2] = 1.0, alike, common
    terms[:, :, 3:] = np.eye(7)[np.arange(-days, 0) % 7][:, 1:]
    mean = terms[:, :-window].mean(axis=1, keepdims=True)
    mean[:, :, 0] = 0.0
    terms -= mean
    before = terms[:, :-window]
    gram = np.matmul(before.transpose(0, 2, 1), before)
    place = np.arange(1, 9)
    gram[:, place, place] *= 1 + _RIDGE
    gram[:, place, place] += 1e-6
    moment = np.matmul(before.transpose(0, 2, 1), logs[:, :-window, None])
    return np.asarray(np.matmul(terms, np.linalg.solve(gram, moment))[:, :, 0])


def _standard(values: np.ndarray) -> np.ndarray:
    values = values - values.mean(axis=1, keepdims=True)
    return np.asarray(values / np.maximum(values.std(axis=1, keepdims=True), 1e-6), dtype=np.float32)
