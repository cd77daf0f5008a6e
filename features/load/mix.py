"""Who uses electricity where: customers' agreed capacity by area and class, as it was known at each moment."""

import numpy as np
import pandas as pd

from features.contracts import CUSTOMER_CLASSES

__all__ = ["CUSTOMER_COLUMNS", "MIX_COLUMNS", "customer_changes", "mix_at", "no_customers"]

CUSTOMER_COLUMNS = (
    "customer_id",
    "area_id",
    "customer_class",
    "contract_kva",
    "valid_from",
    "valid_to",
    "available_at",
)
"""What is read of the contract `customer`."""

MIX_COLUMNS = ("since_utc", "area_id", "customer_class", "change_kva")
"""From since_utc on, that much more (less, where negative) is agreed with customers of the class at the area."""

_TRACE_KVA = 1e-6
"""Sums of floats that went up and down again are not exactly nothing."""


def no_customers() -> pd.DataFrame:
    """Changes of no customer."""
    text = pd.Series(dtype="str")
    since = pd.Series(dtype="datetime64[us, UTC]")
    values = (since, text, text, pd.Series(dtype="float64"))
    return pd.DataFrame(dict(zip(MIX_COLUMNS, values, strict=True)))


def customer_changes(versions: pd.DataFrame) -> pd.DataFrame:
    """Changes of agreed capacity, `MIX_COLUMNS` by since_utc, from all versions of customers (oldest known first).

    A change counts from the moment it both holds and is known: the changes until a moment are the same whatever becomes
    known after it. Versions without a capacity are left out. No single customer can be named from it.
    """
    known = versions[versions["contract_kva"].notna()].reset_index(drop=True)
    if known.empty:
        return no_customers()
    texts = dict.fromkeys(("customer_id", "area_id", "customer_class"), "str")
    known = known.astype({**texts, "contract_kva": "float64"})
    state = _states(known)
    before = state.groupby("customer_id")[["area_id", "customer_class", "contract_kva"]].shift()
    after = state[["area_id", "customer_class", "contract_kva"]]
    moved = ~((before == after) | (before.isna() & after.isna())).all(axis=1)
    parts = [
        after[moved].assign(since_utc=state["moment"], sign=1.0),
        before[moved].assign(since_utc=state["moment"], sign=-1.0),
    ]
    changes = pd.concat(parts).dropna(subset="area_id")
    changes["change_kva"] = changes["contract_kva"] * changes["sign"]
    summed = changes.groupby(list(MIX_COLUMNS[:3]), sort=True)["change_kva"].sum().reset_index()
    return summed[summed["change_kva"] != 0].reset_index(drop=True)


def mix_at(changes: pd.DataFrame, nodes: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Agreed capacity of each node of `nodes` by customer class, kVA [node, class], as known at `moment`.

    A feeder or substation has what the areas below it have; a node without any known customer has zeros.
    """
    then = changes[(changes["since_utc"] <= moment).to_numpy(dtype=bool)]
    areas = then.pivot_table(index="area_id", columns="customer_class", values="change_kva", aggfunc="sum")
    areas = areas.reindex(columns=list(CUSTOMER_CLASSES)).fillna(0.0)
    total = pd.DataFrame(0.0, index=nodes.index, columns=list(CUSTOMER_CLASSES))
    at = areas.index.to_numpy(dtype=object)
    # Up the tree, level by level; a tree is never deeper than it has nodes, and a loop ends where it would begin anew.
    seen: set[tuple[object, ...]] = set()
    while len(at) and tuple(at) not in seen:
        seen.add(tuple(at))
        inside = pd.Index(at).isin(nodes.index)
        at, areas = at[inside], areas[inside]
        total = total.add(areas.groupby(at).sum(), fill_value=0.0)
        at = nodes["parent_id"].reindex(at).to_numpy(dtype=object)
    total = total.reindex(nodes.index)
    return total.where(total > _TRACE_KVA, 0.0)


def _states(versions: pd.DataFrame) -> pd.DataFrame:
    """What was known to hold of each customer at every moment at which that could change; no area where nothing."""
    moments = versions.melt(
        id_vars="customer_id", value_vars=["available_at", "valid_from", "valid_to"], value_name="moment"
    )
    moments = moments[["customer_id", "moment"]].dropna().drop_duplicates().sort_values(["customer_id", "moment"])
    both = moments.merge(versions.assign(place=np.arange(len(versions))), on="customer_id")
    both = both[both["available_at"] <= both["moment"]].sort_values("place", kind="stable")
    # As a reader of the lake sees it: of one period the latest version, of several that hold the one that began last.
    both = both.drop_duplicates(["customer_id", "moment", "valid_from"], keep="last")
    both = both[(both["valid_from"] <= both["moment"]) & ~(both["valid_to"] <= both["moment"])]
    both = both.sort_values("valid_from", kind="stable").drop_duplicates(["customer_id", "moment"], keep="last")
    columns = ["customer_id", "moment", "area_id", "customer_class", "contract_kva"]
    return moments.merge(both[columns], on=["customer_id", "moment"], how="left")
