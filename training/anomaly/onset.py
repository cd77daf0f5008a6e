"""The day since when a customer's use is other than it was: every day of the window is tried."""

import numpy as np

from training.anomaly.sums import Spans, correlation

LEAST, BEFORE = 14, 120


def scan(out, own, alike, course, window):
    y = own.logs
    n, T = y.shape
    r = y - course
    lengths = np.arange(LEAST, window + 1)
    begin = T - lengths  # onset day index
    back = np.maximum(begin - BEFORE, 0)
    def two(v):
        c = np.zeros((n, T + 1)); np.cumsum(v, axis=1, out=c[:, 1:])
        return (c[:, [T]] - c[:, begin]) / lengths, (c[:, begin] - c[:, back]) / (begin - back)
    ra, rb = two(r); rra, rrb = two(r * r)
    va, vb = np.maximum(rra - ra**2, 0) + 0.03**2, np.maximum(rrb - rb**2, 0) + 0.03**2
    k, m = lengths, begin - back
    pooled = (k * va + m * vb) / (k + m)
    total = pooled + k * m * (ra - rb) ** 2 / (k + m) ** 2
    step_gain = 0.5 * (k + m) * np.log(total / pooled) * np.sign(rb - ra)
    # a change of scatter
    var_gain = 0.5 * ((k + m) * np.log(pooled) - k * np.log(va) - m * np.log(vb))
    d = np.diff(y, axis=1, prepend=y[:, :1]); e = np.diff(course, axis=1, prepend=course[:, :1])
    dr = d - e
    dda, ddb = two(d * d); dra, drb = two(dr * dr)
    told_a, told_b = np.log((dra + 0.02**2) / (dda + 0.02**2)), np.log((drb + 0.02**2) / (ddb + 0.02**2))
    lost = (told_a - told_b) * np.sqrt(k)
    d7 = y.copy(); d7[:, 7:] -= y[:, :-7]; d7[:, :7] = 0
    c7 = course.copy(); c7[:, 7:] -= course[:, :-7]; c7[:, :7] = 0
    s7a, s7b = two(d7 * d7); s7ra, s7rb = two((d7 - c7) ** 2)
    ya, yb = two(y); yya, yyb = two(y * y)
    vya, vyb = np.maximum(yya - ya**2, 0) + 0.02**2, np.maximum(yyb - yb**2, 0) + 0.02**2
    own7 = np.log(s7a + .02**2) - np.log(vya) - np.log(s7b + .02**2) + np.log(vyb)
    r2 = np.log(va / vya) - np.log(vb / vyb)
    dvar = np.log(dda + 0.02**2) - np.log(ddb + 0.02**2)
    rows = np.arange(n)
    stats = dict(step=ra - rb, gain=step_gain, var=var_gain, dvar=dvar, sd=0.5 * np.log(va / vb), lost=lost, told=told_a - told_b, own7=own7, r2=r2, vy=np.log(vya / vyb))
    for tag, score in (("s", step_gain), ("v", var_gain), ("l", lost), ("w", own7 * np.sqrt(k)), ("q", r2 * np.sqrt(k))):
        best = score.argmax(axis=1)
        out[f"on_{tag}_days"] = lengths[best].astype(float)
        for name, v in stats.items():
            out[f"on_{tag}_{name}"] = v[rows, best]
        if tag == "s":
            # how sharp the step is: means near the onset against means of all
            c = np.zeros((n, T + 1)); np.cumsum(r, axis=1, out=c[:, 1:])
            on = begin[best]
            for w in (3, 7, 14, 28):
                after = (c[rows, np.minimum(on + w, T)] - c[rows, on]) / np.minimum(w, T - on)
                before = (c[rows, on] - c[rows, on - w]) / w
                out[f"sharp_{w}"] = after - before
                out[f"sharp_share_{w}"] = (after - before) / np.minimum(stats["step"][rows, best], -0.05)
            # slope of the residual after and before the onset
            late = lengths[best] // 2
            out["after_slope"] = (c[:, T] - c[rows, T - late]) / late - (c[rows, T - late] - c[rows, on]) / (T - late - on)
            out["before_slope"] = (c[rows, on] - c[rows, on - 30]) / 30 - (c[rows, on - 30] - c[rows, on - 90]) / 60
            out["before_level"] = (c[rows, on] - c[rows, on - 30]) / 30
            out["on_s_past"] = stats["gain"].max(axis=1) / np.maximum(_past_gain(r, window), 1)
            out["up_gain"] = -step_gain.min(axis=1)
            out["on_u_days"] = lengths[step_gain.argmin(axis=1)]
    return stats


def _past_gain(r, window):
    """The largest step, either way, that the customer made of its own before the window."""
    v = r[:, :-window]
    n, T = v.shape
    c = np.zeros((n, T + 1)); np.cumsum(v, axis=1, out=c[:, 1:])
    q = np.zeros((n, T + 1)); np.cumsum(v * v, axis=1, out=q[:, 1:])
    at = np.arange(14, T - 13)
    a, b = c[:, at] / at, (c[:, [T]] - c[:, at]) / (T - at)
    total = np.maximum(q[:, [T]] / T - (c[:, [T]] / T) ** 2, 0) + 0.03**2
    inner = np.maximum(q[:, [T]] / T - (at * a**2 + (T - at) * b**2) / T, 0) + 0.03**2
    return (0.5 * T * np.log(total / inner)).max(axis=1)


def turned(out, own, course, window, lengths=(14, 20, 21, 28)):
    """How much better stretches of use follow the expected course read backwards than forwards."""
    y = own.logs[:, -window:]; c = course[:, -window:]
    for L in lengths:
        Y = np.lib.stride_tricks.sliding_window_view(y, L, axis=1)
        C = np.lib.stride_tricks.sliding_window_view(c, L, axis=1)
        ym, cm = Y.mean(2), C.mean(2)
        ys = np.sqrt(np.maximum((Y * Y).mean(2) - ym**2, 0)); cs = np.sqrt(np.maximum((C * C).mean(2) - cm**2, 0))
        R = C[:, :, ::-1]
        f = np.einsum("nal,nal->na", Y, C) / L - ym * cm
        b = np.einsum("nal,nal->na", Y, R) / L - ym * cm
        s = np.einsum("nal,nal->na", C, R) / L - cm**2
        f, b, s = f / np.maximum(ys * cs, 1e-3), b / np.maximum(ys * cs, 1e-3), s / np.maximum(cs * cs, 1e-3)
        gain = b - np.maximum(f, s)
        out[f"turned_{L}"] = gain.max(axis=1)
        out[f"turned_b_{L}"] = np.where(s < 0.3, b, -1).max(axis=1)
        for half, sl in (("late", slice(-60, None)),):
            out[f"turned_{half}_{L}"] = gain[:, sl].max(axis=1)
            out[f"forward_{half}_{L}"] = f[:, sl].mean(axis=1)
        out[f"turned_mean_{L}"] = np.maximum(gain, 0).mean(axis=1)
