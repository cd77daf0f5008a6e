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
# # A first look: from raw tables to open capacity
#
# A small demo territory goes the whole way: files → gate → lake → demand and peak models → publication. Everything
# lands in one workspace folder; set `HEADROOM_NOTEBOOK_WORKSPACE` to keep it.

# %%
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from features.demo import DemoConfig
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import Workspace
from serving.mainjob import run_main_job
from training.demand import DemandModel
from training.registry import champion

root = Path(os.environ.get("HEADROOM_NOTEBOOK_WORKSPACE") or tempfile.mkdtemp(prefix="headroom-"))
workspace = Workspace(root)
small = DemoConfig(substations=1, feeders=2, areas=10, customers=80, years=3, customer_years=1)
outcome = run_main_job(workspace, small, print)

# %% [markdown]
# ## What the gate let in
# Every row is accounted for: in = accepted + quarantined + superseded.

# %%
gate = (
    pd.DataFrame(outcome.gate["tables"]).T
    if isinstance(outcome.gate["tables"], dict)
    else pd.DataFrame(outcome.gate["tables"])
)
gate

# %% [markdown]
# ## Two weeks of load, and the forecast that follows
# Loads are known up to the issue; the band is the 5–95 % range, the line the median.

# %%
history = load_history(Lake(workspace.lake), workspace.territory())
issue = history.loads.end - pd.Timedelta(days=7)
node = next(one for one in history.node_ids if one.startswith("A"))

serving = champion(workspace, "demand")
assert serving is not None
model = DemandModel.load(serving.path)
forecast = model.forecast(history, issue, 168, node_ids=[node])
load = pd.Series(history.loads.values[history.loads.rows([node])[0]], index=history.loads.times)

figure, axes = plt.subplots(figsize=(10, 3.5))
recent = load[issue - pd.Timedelta(days=7) :]
axes.plot(recent.index, recent, color="black", linewidth=1, label="load")
axes.fill_between(forecast["start_utc"], forecast["q05"], forecast["q95"], alpha=0.25, label="5–95 %")
axes.plot(forecast["start_utc"], forecast["q50"], linewidth=1.2, label="median")
axes.set(ylabel="kW", title=f"{node}: one week before the end of the data")
axes.legend(loc="upper left", ncol=3)
figure.autofmt_xdate()

# %% [markdown]
# How far off was it? Coverage is the share of hours within the band.

# %%
actual = load.reindex(pd.DatetimeIndex(forecast["start_utc"])).to_numpy()
inside = ((actual >= forecast["q05"]) & (actual <= forecast["q95"])).mean()
error = abs(actual - forecast["q50"]).mean() / actual.mean()
print(f"{node}: mean absolute error {error:.1%} of the mean load, coverage {inside:.0%}")

# %% [markdown]
# ## Open capacity and what binds it

# %%
capacity = outcome.capacity
columns = ["node_id", "kind", "limit_kw", "peak_p50_kw", "open_kva", "binding_level", "binding_node_id", "reason"]
capacity.sort_values("open_kva")[columns].head(12)

# %%
areas = capacity[capacity["kind"] == "area"].dropna(subset=["open_kva"]).sort_values("open_kva")
figure, axes = plt.subplots(figsize=(10, 3.5))
axes.bar(areas["node_id"], areas["open_kva"].astype(float))
axes.set(ylabel="open capacity, kVA", title="Areas from tightest to roomiest")
axes.tick_params(axis="x", rotation=60)
assert len(capacity) == 1 + 2 + 10
