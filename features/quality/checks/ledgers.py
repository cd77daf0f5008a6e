"""Checks of ledgers: what the gate refused, what holds at one time, what leads where, and whether systems agree."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.contracts import CONTRACTS
from features.quality.checks.outcome import Outcome, nothing, of_counts, of_rows, summed
from features.quality.counts import ALL_SOURCES, NO_UNIT
from features.quality.reading import Tables
from features.quality.rules import Agreed, Disjoint, Leads, Rated, Rule, Single

__all__ = ["accepted", "agreed", "disjoint", "leads", "rated", "single"]

# What a work item is about, by the table whose rows it speaks of.
_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "node": ("node_id",),
    "customer": ("customer_id",),
    "meter": ("meter_id",),
    "ledger_application": ("application_id",),
    "ledger_node": ("system", "source_id"),
}


def accepted(tables: Tables, rule: Rule, refused: pd.DataFrame) -> Outcome:
    """Rows in the lake beside rows in quarantine, by source."""
    rows = tables.versions(rule.table)
    units = tables.units(rule.table, rows)
    good = pd.DataFrame({"source": rows["source"], "unit": units, "checked": 1, "failed": 0})
    bad = refused[refused["table"] == rule.table]
    source = bad["batch"].str.replace(r":.*", "", regex=True)
    wrong = pd.DataFrame({"source": source, "unit": NO_UNIT, "checked": 1, "failed": 1})
    parts = [summed(part) for part in (good, wrong) if len(part)]
    if not parts:
        return nothing()
    places = bad["reason"] + " · " + bad["source_file"] + " line " + bad["source_line"].astype("str")
    return of_counts(pd.concat(parts), tuple(places.head(5)))


def single(tables: Tables, rule: Rule, check: Single, examples: int) -> Outcome:
    """Rows that hold now, of which no two have the same values in the columns."""
    rows = tables.holding(rule.table, check.columns)
    twice = rows.duplicated(list(check.columns), keep=False).to_numpy(dtype=bool)
    return of_rows(tables, rule.table, rows, twice, examples)


def disjoint(tables: Tables, rule: Rule, check: Disjoint, examples: int) -> Outcome:
    """Periods of one thing, none of which begins before the one before has ended."""
    contract = CONTRACTS[rule.table]
    thing = [name for name in contract.key if name != "valid_from"]
    rows = tables.rows(rule.table, ["valid_from", "valid_to"], check.days)
    rows = rows.sort_values([*thing, "valid_from"], ignore_index=True)
    same = (rows[thing] == rows[thing].shift()).all(axis=1)
    ended = rows["valid_to"].shift()
    overlaps = same & (ended.isna() | (ended > rows["valid_from"]))
    return of_rows(tables, rule.table, rows, overlaps.to_numpy(dtype=bool), examples)


def leads(tables: Tables, rule: Rule, check: Leads, examples: int) -> Outcome:
    """Rows that hold now (or all, where nothing does), whose column leads to something that holds now."""
    dated = "valid_from" in CONTRACTS[rule.table].columns
    rows = tables.holding(rule.table, [check.column]) if dated else tables.rows(rule.table, [check.column], check.days)
    rows = rows[rows[check.column].notna()].reset_index(drop=True)
    target = CONTRACTS[check.to]
    known = tables.holding(check.to) if "valid_from" in target.columns else tables.rows(check.to)
    if known.empty:
        return nothing()
    lost = ~rows[check.column].astype("str").isin(set(known[target.key[0]].astype("str")))
    return of_rows(tables, rule.table, rows, lost.to_numpy(dtype=bool), examples)


def agreed(tables: Tables, rule: Rule, check: Agreed, examples: int) -> Outcome:
    """Things of the table that hold now, about which no work item of the kinds stands open."""
    if tables.lake.read("work_item", as_of=tables.now, columns=["work_item_id"]).empty:
        return nothing()
    key = _SUBJECTS[rule.table]
    dated = "valid_from" in CONTRACTS[rule.table].columns
    rows = tables.holding(rule.table, key) if dated else tables.rows(rule.table, key)
    rows = rows.drop_duplicates(list(key), keep="last", ignore_index=True)
    items = tables.lake.read("work_item", as_of=tables.now, columns=["kind", "subject", "state"])
    open_ones = items[items["kind"].isin(check.items) & (items["state"] == "open")]
    subject = rows[key[0]].astype("str")
    for name in key[1:]:
        subject = subject + ":" + rows[name].astype("str")
    return of_rows(tables, rule.table, rows, subject.isin(set(open_ones["subject"])).to_numpy(dtype=bool), examples)


def rated(tables: Tables, rule: Rule, check: Rated, examples: int) -> Outcome:  # noqa: ARG001
    """Areas whose customers' agreed capacity is not out of all proportion to what its transformers are rated for."""
    customers = tables.holding("customer", ["area_id", "contract_kva"])
    banks = tables.holding("transformer", ["node_id", "rating_kva"])
    if customers.empty or banks.empty:
        return nothing()
    # Summed before they meet: an area with two transformers would count its customers twice.
    asked = customers.groupby("area_id")["contract_kva"].sum()
    rating = banks.groupby("node_id")["rating_kva"].sum()
    both = pd.DataFrame({"asked": asked, "rating": rating}).dropna()
    failed = (both["asked"] > check.most * both["rating"]).to_numpy(dtype=bool)
    areas = pd.Series(both.index.astype("str"))
    units = tables.units("transformer", pd.DataFrame({"node_id": areas}))
    counts = pd.DataFrame({"source": ALL_SOURCES, "unit": units, "checked": 1, "failed": failed})
    return of_counts(counts, tuple(areas[np.asarray(failed)].head(examples)))
