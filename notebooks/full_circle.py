# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Full circle: from raw exports to a publication, and back to judging the model
#
# A small demo territory goes the whole way: exports of four systems → gate → lake → tuning → training → gate of the
# registry → open capacity; then the model is judged by what happened. Everything lands in one workspace folder; set
# `HEADROOM_NOTEBOOK_WORKSPACE` to keep it.

# %%
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from features.configs import config_path
from features.demo import DemoConfig, generate
from features.ingest import ingest
from features.lake import Lake
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import Workspace
from serving.capacity import publish_capacity
from training.backtests.demand import backtest_demand, day_ahead_plan
from training.demand import DemandConfig, DemandModel
from training.jobs import held_out_cut, train_demand, train_peak
from training.peak import ConnectionPolicy, PeakConfig
from training.promotion import PromotionPolicy, promote_challenger
from training.registry import champion, list_versions
from training.scoring import by_lead_and_hour, reliability_shares
from training.tuning import DemandSpace, TuningRun, tune_demand

plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#E9EBEF"})
BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8A8F98", "#1F2430"

root = Path(os.environ.get("HEADROOM_NOTEBOOK_WORKSPACE") or tempfile.mkdtemp(prefix="headroom-"))
workspace = Workspace(root)

# %% [markdown]
# ## 1. Raw exports
# Files as four systems would write them: odd column names, local times, units, duplicates, late corrections.

# %%
exports = root / "exports"
generate(DemoConfig(substations=1, feeders=2, areas=8, customers=60, years=2, customer_years=1), exports)
pd.DataFrame(
    [(path.relative_to(exports).as_posix(), path.stat().st_size // 1024) for path in sorted(exports.rglob("*.*"))],
    columns=["file", "KiB"],
)

# %% [markdown]
# ## 2. The gate
# A mapping (YAML, no code) brings them to the contracts. Every row is accounted for: in = accepted + superseded +
# quarantined, each quarantined one with its reason.

# %%
account = ingest(config_path("sources/demo.yaml"), exports, workspace).to_dict()["tables"]
pd.DataFrame(
    {
        name: {**{key: table[key] for key in ("rows_in", "accepted", "superseded")}, "reasons": table["quarantined"]}
        for name, table in account.items()
    }
).T

# %% [markdown]
# ## 3. Tuning
# Rolling origins, each scored on the weeks after it; the settings as shipped are the first trial. The study lies in a
# journal in the workspace: interrupt it, run the cell again, and it goes on. The last four weeks are kept from it.

# %%
history = load_history(Lake(workspace.lake), workspace.territory())
cut, held_out_days = held_out_cut(history, 28)
small = load_settings(DemandConfig, config_path("demo/demand.yaml"))
small = small.model_copy(update={"booster": small.booster.model_copy(update={"max_rows": 20_000})})
space = load_settings(DemandSpace, config_path("demo/demand.space.yaml"))
tuned = tune_demand(history, small, space, cut, TuningRun(trials=6, workspace=workspace))
print(f"{tuned.trials} trials: rCRPS {tuned.default_value:.4f} as shipped, {tuned.value:.4f} at best")
pd.Series(tuned.params, name="best").to_frame()

# %% [markdown]
# ## 4. Training, and the gate before serving
# A challenger is trained on all but the held-out days and scored on those. The first one has nobody to beat: it is
# fitted again on everything and serves. A second, with the settings as shipped, must hold its own on days neither has
# seen.

# %%
policy = load_settings(PromotionPolicy, config_path("policy/promotion.yaml"))
tags = {"study": tuned.study_name, "tuned_until": tuned.tuned_until.isoformat()}
first = train_demand(workspace, tuned.config, held_out_days, more_tags=tags)
verdict = promote_challenger(workspace, "demand", policy)
print(f"version {first.version}: {verdict.reason.code}. {verdict.reason.sentence}")
print(f"version {verdict.serving_version} serves")
second = train_demand(workspace, small, held_out_days)
verdict = promote_challenger(workspace, "demand", policy)
print(f"version {second.version}: {verdict.reason.code}. {verdict.reason.sentence}")
pd.DataFrame(
    [(check.name, check.figure, check.threshold, check.passed) for check in verdict.checks],
    columns=["check", "figure", "asked", "holds"],
).round(4)

# %% [markdown]
# Node by node: how much more (right) or less (left) the challenger loses, with its interval.

# %%
table = verdict.table.sort_values("difference")
figure, axes = plt.subplots(figsize=(9, 0.3 * len(table) + 1.2))
axes.axvline(0, color=GREY, lw=0.9, ls="--")
axes.hlines(table.index, 100 * table["low"], 100 * table["high"], color=BLUE, alpha=0.35, lw=5)
axes.plot(100 * table["difference"], table.index, ls="", marker="o", ms=4, color=BLUE)
axes.set(xlabel="pinball loss, challenger against champion, %", title="Each node on the judged days")
# %% [markdown]
# ## 5. A forecast, and what it is made of

# %%
serving = champion(workspace, "demand")
assert serving is not None
model = DemandModel.load(serving.path)
node = max(
    (one for one in history.node_ids if one.startswith("A")),
    key=lambda one: np.nanmean(history.loads.values[history.loads.rows([one])[0]]),
)
issue = history.loads.end
parts = model.explain(history, issue, 72, node_ids=[node])
fan = model.forecast(history, issue, 72, node_ids=[node])
local = history.calendar.local(pd.DatetimeIndex(fan["start_utc"])).tz_localize(None)
groups = ["level", "calendar", "weather", "recent_residual", "events"]

figure, (top, bottom) = plt.subplots(2, 1, figsize=(10, 6), sharex=True, layout="constrained")
top.fill_between(local, fan["q05"], fan["q95"], color=BLUE, alpha=0.22, lw=0, label="P5 to P95")
top.plot(local, fan["q50"], color=BLUE, label="median")
top.set(ylabel="load, kW", title=f"{node}: the next three days")
top.legend(ncols=2, loc="upper left")
for group, colour in zip(groups[1:], (GREY, ORANGE, "#009E73", "#CC79A7"), strict=True):
    bottom.plot(local, parts[group], color=colour, label=group.replace("_", " "))
bottom.set(ylabel="kW around the level", title=f"what moves the median around {parts['level'].mean():,.0f} kW of level")
bottom.legend(ncols=4, loc="upper left")
assert np.allclose(parts[groups].sum(axis=1), parts["q50"], rtol=1e-6)

# %% [markdown]
# ## 6. Open capacity
# The peak model, the limits of the grid and the policy together.

# %%
connections = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
train_peak(workspace, load_settings(PeakConfig, config_path("peak.yaml")), connections)
promote_challenger(workspace, "peak", policy)
publication = publish_capacity(workspace)
capacity = publication.capacity()
areas = capacity[capacity["kind"] == "area"].dropna(subset=["open_kva"]).sort_values("open_kva")
figure, axes = plt.subplots(figsize=(10, 3.5))
axes.bar(areas["node_id"], areas["open_kva"].astype(float), color=BLUE)
axes.set(ylabel="open capacity, kVA", title=f"Publication {publication.id}")
axes.tick_params(axis="x", rotation=60)
areas[["node_id", "name", "limit_kw", "peak_p50_kw", "open_kva", "reason", "binding_node_id", "confidence"]].head(8)

# %% [markdown]
# ## 7. Back to judging
# What would have been said on each of the held-out days, by a model that had seen nothing after its own issue, beside
# what came.

# %%
days = history.calendar.local(pd.DatetimeIndex([cut, history.loads.end])).tz_localize(None).normalize()
plan = day_ahead_plan(history, days[0] + pd.Timedelta(days=1), days[1] - pd.Timedelta(days=1), issue_hour=6)
scored = backtest_demand(history, tuned.config, plan)
print({name: round(value, 4) for name, value in scored.summary().items()})
shares = reliability_shares(scored.forecasts, history.nodes["kind"].astype(str))
hours = by_lead_and_hour(scored.forecasts, history.calendar)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained", width_ratios=(1, 1.5))
left.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls="--")
for (kind, part), colour in zip(shares.groupby("kind"), (BLUE, ORANGE, INK), strict=False):
    left.plot(part["level"], part["below"], marker="o", ms=4, color=colour, label=kind)
left.set(xlabel="level of the quantile", ylabel="share of loads below it", title="Does a quantile mean what it says?")
left.legend()
for lead, row in hours.iterrows():
    right.plot(row.index, 100 * row, marker="o", ms=3, label=str(lead))
right.set(xlabel="local hour", ylabel="pinball, % of the node's swing", title="When is it hard?", ylim=(0, None))
right.legend(title="lead")
# %% [markdown]
# Everything above is in the registry, too: `mlflow ui --backend-store-uri sqlite:///…/mlflow.db` shows the study with
# its trials, each version with its figures and tables, and the comparison that decided.

# %%
versions = pd.DataFrame(
    [
        (v.name, v.version, " ".join(v.aliases), v.tags.get("refit_of", ""), v.tags["trained_until"][:10])
        for v in list_versions(workspace)
    ],
    columns=["model", "version", "alias", "refit of", "trained until"],
)
assert len(capacity) == 1 + 2 + 8
versions
