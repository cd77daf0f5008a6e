"""What a few weeks of daily use look like: level, order, gaps, weeks, drift, roughness and likeness to all others."""

import numpy as np
import pandas as pd

__all__ = ["day_features"]

_TINY, _COMPONENTS = 1e-3, 8


def day_features(kwh: np.ndarray, weekday: np.ndarray) -> pd.DataFrame:
    """Features of `kwh` [customers × days], NaN where nothing was read; `weekday` [days] counts from Monday, 0.

    Every row stands for itself but for its likeness to all rows given. No labels, and no order of rows,
    enter. At least 15 days are needed (ValueError).
    """
    if kwh.shape[1] < 15:
        raise ValueError(f"day_features needs 15 days or more; there are {kwh.shape[1]}")
    read = np.nan_to_num(kwh)
    log = np.log1p(np.maximum(read, 0.0))
    shape = log - log.mean(axis=1, keepdims=True)
    found = _levels(read, log) | _gaps(kwh, read) | _weeks(read, log, weekday) | _roughness(log, shape)
    found |= _drift(read, shape) | _memory(shape) | _digits(read) | _components(shape)
    frame = pd.DataFrame(found, dtype=np.float64)
    return frame.where(np.isfinite(frame))


def _levels(read: np.ndarray, log: np.ndarray) -> dict[str, np.ndarray]:
    """Log use by day and by rank, and what their spread says."""
    ranked = np.sort(log, axis=1)
    out = {f"day_{place}": log[:, place] for place in range(log.shape[1])}
    out |= {f"rank_{place}": ranked[:, place] for place in range(log.shape[1])}
    mean, median, count = read.mean(axis=1), np.median(read, axis=1), log.shape[1]
    used = np.maximum((read > 0).sum(axis=1), 1)
    safe = np.where(mean > 0, mean, np.nan)
    middle = np.log1p(median)
    return out | {
        "mean": np.log1p(mean),
        "median": middle,
        "spread": np.log1p(read.std(axis=1)),
        "mean_of_used": np.log1p(read.sum(axis=1) / used),
        "variation": read.std(axis=1) / safe,
        "highest_over_median": ranked[:, -1] - middle,
        "lowest_over_median": ranked[:, 0] - middle,
        "quartiles": ranked[:, (3 * count) // 4] - ranked[:, count // 4],
        "highest_share": read.max(axis=1) / safe / count,
        "spread_log": log.std(axis=1),
    }


def _gaps(kwh: np.ndarray, read: np.ndarray) -> dict[str, np.ndarray]:
    """Days without a reading or without use, how they lie, and days that catch up or fall out."""
    days, used = read.shape[1], read > 0
    some = used.any(axis=1)
    longest, runs = _runs(~used)
    median = np.median(read, axis=1)[:, None]
    far = read[:, 1:] > 1.5 * np.maximum(median, 0.05)
    return {
        "missing": np.isnan(kwh).sum(axis=1),
        "zeros": days - used.sum(axis=1),
        "below_tenth": (read < 0.1).sum(axis=1),
        "below_one": (read < 1).sum(axis=1),
        "longest_zeros": longest,
        "runs_of_zeros": runs,
        "last_used": np.where(some, days - 1 - np.argmax(used[:, ::-1], axis=1), -1),
        "first_used": np.where(some, np.argmax(used, axis=1), days),
        "catching_up": (~used[:, :-1] & far).sum(axis=1),
        "spikes": (read > 3 * np.maximum(median, 0.3)).sum(axis=1),
        "dips": (read < 0.3 * median).sum(axis=1),
        "repeated": ((np.diff(read, axis=1) == 0) & used[:, 1:]).sum(axis=1),
        "different": 1 + (np.diff(np.sort(read, axis=1), axis=1) > 0).sum(axis=1),
    }


def _runs(hit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Length of the longest run of hits in each row, and how many runs there are."""
    longest, current = np.zeros(len(hit)), np.zeros(len(hit))
    for place in range(hit.shape[1]):
        current = np.where(hit[:, place], current + 1, 0)
        longest = np.maximum(longest, current)
    return longest, hit[:, 0] + (hit[:, 1:] & ~hit[:, :-1]).sum(axis=1)


def _weeks(read: np.ndarray, log: np.ndarray, weekday: np.ndarray) -> dict[str, np.ndarray]:
    """Days of the week against the mean of the row, whole weeks against each other."""
    mean = log.mean(axis=1)
    out = {f"weekday_{day}": log[:, weekday == day].mean(axis=1) - mean for day in range(7)}
    out["weekend"] = log[:, weekday >= 5].mean(axis=1) - log[:, weekday < 5].mean(axis=1)
    starts = range(0, read.shape[1] - 4, 7)
    weeks = np.stack([np.log1p(read[:, start : start + 7].mean(axis=1)) for start in starts], axis=1)
    for place in range(weeks.shape[1]):
        out[f"week_{place}"] = weeks[:, place]
        if place:
            out[f"week_step_{place}"] = weeks[:, place] - weeks[:, place - 1]
    out["weeks_drift"], out["weeks_spread"] = weeks[:, -1] - weeks[:, 0], weeks.std(axis=1)
    apart = np.abs(log[:, 7:] - log[:, :-7]).mean(axis=1)
    out["week_apart"], out["week_apart_of_spread"] = apart, apart / (log.std(axis=1) + _TINY)
    return out


def _roughness(log: np.ndarray, shape: np.ndarray) -> dict[str, np.ndarray]:
    """How use jumps from day to day."""
    step = np.diff(log, axis=1)
    size, power = np.abs(step), (shape**2).mean(axis=1) + _TINY**2
    return {
        "step": size.mean(axis=1),
        "step_median": np.median(size, axis=1),
        "step_high": np.quantile(size, 0.9, axis=1),
        "step_spread": step.std(axis=1),
        "step_of_spread": size.mean(axis=1) / (log.std(axis=1) + _TINY),
        "highest_step": step.max(axis=1),
        "lowest_step": step.min(axis=1),
        "bend": np.abs(np.diff(log, 2, axis=1)).mean(axis=1),
        "falling": (step < 0).mean(axis=1),
        "turning": (step[:, 1:] * step[:, :-1] < 0).mean(axis=1),
        "skew": (shape**3).mean(axis=1) / power**1.5,
        "tails": (shape**4).mean(axis=1) / power**2,
    }


def _drift(read: np.ndarray, shape: np.ndarray) -> dict[str, np.ndarray]:
    """Trends, breaks, and whether the row moves as the middle of all rows does."""
    days = shape.shape[1]
    time = np.arange(days) - (days - 1) / 2
    power = (shape**2).sum(axis=1) + _TINY**2
    path = np.cumsum(shape, axis=1)
    out = {
        "slope": shape @ time / (time**2).sum(),
        "path_high": path.max(axis=1),
        "path_low": path.min(axis=1),
        "break_at": np.argmax(np.abs(path), axis=1),
        "path_range": (path.max(axis=1) - path.min(axis=1)) / np.sqrt(power),
    }
    steady = (read > 0).sum(axis=1) >= days - 2
    common = np.median(shape[steady], axis=0) if steady.any() else np.zeros(days)
    common = common - common.mean()
    strength = float(common @ common) + _TINY**2
    return out | {"like_all": shape @ common / np.sqrt(power * strength), "with_all": shape @ common / strength}


def _memory(shape: np.ndarray) -> dict[str, np.ndarray]:
    """Autocorrelations, and the share of each frequency in what varies."""
    power = (shape**2).sum(axis=1) + _TINY**2
    lags = {f"lag_{lag}": (shape[:, lag:] * shape[:, :-lag]).sum(axis=1) / power for lag in (1, 2, 3, 7, 14)}
    spectrum = np.abs(np.fft.rfft(shape, axis=1)) ** 2 / power[:, None] / shape.shape[1]
    return lags | {f"wave_{place}": spectrum[:, place] for place in range(1, spectrum.shape[1])}


def _components(shape: np.ndarray) -> dict[str, np.ndarray]:
    """The strongest ways in which rows differ from their own mean (principal components), and what those leave over."""
    _, axes = np.linalg.eigh(shape.T @ shape)
    axes = axes[:, ::-1][:, :_COMPONENTS]
    # An axis has no direction of its own: its largest part points up.
    axes = axes * np.sign(axes[np.argmax(np.abs(axes), axis=0), np.arange(axes.shape[1])])
    along = shape @ axes
    rest = shape - along[:, :5] @ axes[:, :5].T
    out = {f"component_{place}": along[:, place] for place in range(axes.shape[1])}
    return out | {"left_over": np.sqrt((rest**2).mean(axis=1)), "left_over_highest": np.abs(rest).max(axis=1)}


def _digits(read: np.ndarray) -> dict[str, np.ndarray]:
    """How finely the meter shows: whole numbers, tenths, and the largest number all hundredths are multiples of."""
    hundredths, used = np.round(100 * np.maximum(read, 0.0)).astype(np.int64), read > 0
    count = np.maximum(used.sum(axis=1), 1)
    return {
        "whole": ((hundredths % 100 == 0) & used).sum(axis=1) / count,
        "tenths": ((hundredths % 10 == 0) & used).sum(axis=1) / count,
        "even": ((hundredths % 2 == 0) & used).sum(axis=1) / count,
        "common_divisor": np.log1p(np.gcd.reduce(hundredths, axis=1)),
    }
