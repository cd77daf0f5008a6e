"""What a model of theft looks at: a customer's last 180 days against its own past and against like customers."""

import numpy as np
import pandas as pd
from pydantic import Field

from features.settings import Settings
from training.anomaly.likeness import Scaled, expected, like, scaled
from training.anomaly.onset import scan, turned
from training.anomaly.sums import Spans, correlation, safe_ratio

WINDOW = 180
LENGTHS = (7, 14, 28, 56, 90, 180)
STEPS = (5, 7, 10, 14, 21, 28, 42, 60, 75, 90, 120, 150, 180)
BEFORE = 90


class WindowConfig(Settings):
    history_days: int = Field(630, ge=270)
    nearest: int = Field(20, ge=1)


def day_features(kwh: np.ndarray, observed: np.ndarray, config: WindowConfig, same: np.ndarray | None = None) -> pd.DataFrame:
    """kwh [n×T] targets; observed [N×T] everybody's readings; both end on the same day."""
    h = min(config.history_days, kwh.shape[1])
    own, others = scaled(kwh[:, -h:], WINDOW), scaled(observed[:, -h:], WINDOW)
    alike = like(own, others, WINDOW, config.nearest, same)
    centred = others.logs - np.median(others.logs[:, :-WINDOW], axis=1, keepdims=True)
    common = np.median(centred, axis=0)
    course = expected(own.logs, alike, common, WINDOW)
    out: dict[str, np.ndarray] = {}
    _levels(out, own, alike, course, common)
    _steps(out, own, alike, course)
    _pattern(out, own, alike, course)
    _ties(out, own)
    _weekdays(out, own)
    _year(out, kwh, observed)
    scan(out, own, alike, course, WINDOW)
    turned(out, own, course, WINDOW)
    return pd.DataFrame(out).astype(np.float32)


def _levels(out, own, alike, course, common):
    y, rest, use = Spans(own.logs), Spans(own.logs - course), Spans(own.kwh / own.level)
    excess = Spans(own.logs - common)
    before_sd = np.std((own.logs - course)[:, :-WINDOW], axis=1)
    out["rest_sd"] = before_sd
    out["log_level"] = np.log(own.level[:, 0])
    out["log_sd"] = np.std(own.logs[:, :-WINDOW], axis=1)
    for w in LENGTHS:
        b = min(w + BEFORE, own.logs.shape[1])
        out[f"log_{w}"] = y.mean(w) - y.mean(b, w)
        out[f"rest_{w}"] = rest.mean(w) - rest.mean(b, w)
        out[f"rest_t_{w}"] = out[f"rest_{w}"] / np.maximum(before_sd, 0.02)
        out[f"use_{w}"] = np.log(np.maximum(use.mean(w), 0.01) / np.maximum(use.mean(b, w), 0.01))
        out[f"excess_{w}"] = excess.mean(w) - excess.mean(b, w)
        out[f"rest_level_{w}"] = rest.mean(w)


def _sd(spans, squares, a, b=0):
    return np.sqrt(np.maximum(squares.mean(a, b) - spans.mean(a, b) ** 2, 0))


def _steps(out, own, alike, course):
    """Scan of candidate onsets."""
    rest_v = own.logs - course
    diff = np.diff(own.logs, axis=1, prepend=own.logs[:, :1])
    adiff = np.diff(alike, axis=1, prepend=alike[:, :1])
    u = own.kwh / own.level
    S = {k: Spans(v) for k, v in dict(y=own.logs, yy=own.logs**2, r=rest_v, rr=rest_v**2, d=diff, dd=diff**2, a=alike, aa=alike**2,
         ya=own.logs * alike, e=adiff, ee=adiff**2, de=diff * adiff, u=u, uu=u**2).items()}
    stats = []
    for s in STEPS:
        b = min(s + BEFORE, own.logs.shape[1])
        after, before = (s, 0), (b, s)
        sd_a, sd_b = _sd(S["r"], S["rr"], *after), _sd(S["r"], S["rr"], *before)
        step = S["r"].mean(*after) - S["r"].mean(*before)
        pooled = np.sqrt((s * sd_a**2 + (b - s) * sd_b**2) / b)
        t = step / np.maximum(pooled, 0.03) * np.sqrt(s * (b - s) / b)
        ustep = np.log(np.maximum(S["u"].mean(*after), .01) / np.maximum(S["u"].mean(*before), .01))
        dsd_a, dsd_b = _sd(S["d"], S["dd"], *after), _sd(S["d"], S["dd"], *before)
        cv_a = safe_ratio(_sd(S["u"], S["uu"], *after), S["u"].mean(*after), 1e-3)
        cv_b = safe_ratio(_sd(S["u"], S["uu"], *before), S["u"].mean(*before), 1e-3)
        ca = correlation(S["y"], S["a"], S["ya"], (S["yy"], S["aa"]), after)
        cb = correlation(S["y"], S["a"], S["ya"], (S["yy"], S["aa"]), before)
        da = correlation(S["d"], S["e"], S["de"], (S["dd"], S["ee"]), after)
        db = correlation(S["d"], S["e"], S["de"], (S["dd"], S["ee"]), before)
        stats.append(np.stack([step, t, ustep, np.log((sd_a + .01) / (sd_b + .01)), np.log((dsd_a + .01) / (dsd_b + .01)),
            np.log((cv_a + .01) / (cv_b + .01)), ca - cb, da - db, ca, da, cv_a, dsd_a]))
    stats = np.stack(stats)  # steps × stat × n
    names = ["step", "t", "ustep", "sd", "dsd", "cv", "corr", "dcorr", "corr_a", "dcorr_a", "cv_a", "dsd_a"]
    rows = np.arange(stats.shape[2])
    for tag, score in (("low", -stats[:, 1]), ("calm", -stats[:, 4]), ("wild", stats[:, 4]), ("lost", -stats[:, 7] * np.sqrt(np.array(STEPS))[:, None])):
        best = score.argmax(axis=0)
        out[f"{tag}_days"] = np.array(STEPS, float)[best]
        for k, name in enumerate(names):
            out[f"{tag}_{name}"] = stats[best, k, rows]
    for k, name in enumerate(names):
        if name in ("t", "dsd", "dcorr", "cv", "corr", "sd"):
            for i, s in enumerate(STEPS):
                if s in (14, 28, 60, 90, 120, 150, 180):
                    out[f"{name}_at_{s}"] = stats[i, k]


def _pattern(out, own, alike, course):
    """Lag correlations after and before."""
    y = own.logs
    sq = y * y
    for lag in (1, 7):
        a, b = y[:, lag:], y[:, :-lag]
        S = [Spans(v) for v in (a, b, a * b, a * a, b * b)]
        before = correlation(S[0], S[1], S[2], (S[3], S[4]), (S[0].days, WINDOW))
        out[f"lag{lag}_before"] = before
        for w in (28, 56, 90, 180):
            out[f"lag{lag}_{w}"] = correlation(S[0], S[1], S[2], (S[3], S[4]), (w, 0))
    r = y - course
    a, b = r[:, 1:], r[:, :-1]
    S = [Spans(v) for v in (a, b, a * b, a * a, b * b)]
    out["rlag1_before"] = correlation(S[0], S[1], S[2], (S[3], S[4]), (S[0].days, WINDOW))
    for w in (28, 56, 90, 180):
        out[f"rlag1_{w}"] = correlation(S[0], S[1], S[2], (S[3], S[4]), (w, 0))


def _ties(out, own):
    x = own.kwh
    same = np.zeros(x.shape)
    big = x > 0.1 * own.level
    same[:, 1:] = (x[:, 1:] == x[:, :-1]) & big[:, 1:]
    low = (~big).astype(float)
    flips = np.zeros(x.shape)
    flips[:, 1:] = np.abs(np.diff(low, axis=1))
    S, L, F = Spans(same), Spans(low), Spans(flips)
    for name, s in (("same", S), ("low", L), ("flips", F)):
        out[f"{name}_before"] = s.mean(s.days, WINDOW)
        for w in (14, 28, 56, 90, 180):
            out[f"{name}_{w}"] = s.mean(w)
    for w in (28, 56, 90, 180):
        part = x[:, -w:]
        top = part.max(axis=1, keepdims=True)
        out[f"top_{w}"] = ((part >= 0.999 * top) & big[:, -w:]).mean(axis=1)
        ordered = np.sort(part, axis=1)
        q = [ordered[:, int(p * (w - 1))] for p in (0.05, 0.25, 0.5, 0.75, 0.95)]
        out[f"q95_{w}"] = np.log((q[4] + 1) / (q[2] + 1))
        out[f"q05_{w}"] = np.log((q[0] + 1) / (q[2] + 1))
        out[f"q75_{w}"] = np.log((q[3] + 1) / (q[1] + 1))
        out[f"ties_{w}"] = ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] > 0.1 * own.level)).mean(axis=1)
    ordered = np.sort(x[:, :-WINDOW], axis=1)
    n = ordered.shape[1] - 1
    q = [ordered[:, int(p * n)] for p in (0.05, 0.5, 0.95)]
    out["q95_before"], out["q05_before"] = np.log((q[2] + 1) / (q[1] + 1)), np.log((q[0] + 1) / (q[1] + 1))
    out["ties_before"] = ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] > 0.1 * own.level)).mean(axis=1)


def _weekdays(out, own):
    y = own.logs
    days = y.shape[1]
    weeks = days // 7
    cube = y[:, days - weeks * 7 :].reshape(len(y), weeks, 7)
    cube = cube - cube.mean(axis=2, keepdims=True)
    past = np.median(cube[:, : -(WINDOW // 7)], axis=1)
    past = past - past.mean(axis=1, keepdims=True)
    strength = np.sqrt((past**2).mean(axis=1))
    out["week_strength"] = strength
    for w in (4, 8, 13, 20):
        now = np.median(cube[:, -w:], axis=1)
        now = now - now.mean(axis=1, keepdims=True)
        out[f"week_corr_{w}"] = (now * past).mean(axis=1) / np.maximum(np.sqrt((now**2).mean(axis=1)) * strength, 1e-3)
        out[f"week_strength_{w}"] = np.sqrt((now**2).mean(axis=1))
        best = np.full(len(y), -1.0)
        for k in range(7):
            for turned in (np.roll(past[:, ::-1], k, axis=1),):
                c = (now * turned).mean(axis=1) / np.maximum(np.sqrt((now**2).mean(axis=1)) * strength, 1e-3)
                best = np.maximum(best, c)
        out[f"week_turned_{w}"] = best - out[f"week_corr_{w}"]


def _year(out, kwh, observed):
    T = kwh.shape[1]
    for w in (28, 90, 180):
        if T < 365 + w:
            out[f"year_{w}"] = np.full(len(kwh), np.nan)
            continue
        def ratio(x):
            now, then = x[:, -w:].mean(axis=1), x[:, T - 365 - w : T - 365].mean(axis=1)
            return np.log((now + 1) / (then + 1))
        out[f"year_{w}"] = ratio(kwh) - np.median(ratio(observed))
