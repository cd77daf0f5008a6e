"""What a run writes: only what differs from what stands, as new versions beside the old ones."""

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT, CONTRACTS
from features.frames import as_contract, empty_frame
from features.lake import Lake

__all__ = ["append_changes", "append_rows"]

_SOURCE = "reconcile"


def append_changes(lake: Lake, table: str, rows: pd.DataFrame) -> int:
    """Append rows of an agreed table that say something new, and end what stands no longer; returns the rows written.

    Only what reconciliation itself wrote is ended: a table may hold rows that came from a source as they are.
    """
    changes = _application_changes if table == "application" else _period_changes
    return append_rows(lake, table, changes(lake, table, rows))


def append_rows(lake: Lake, table: str, rows: pd.DataFrame) -> int:
    """Append rows as one batch, named by what is in it; none where there are none."""
    if rows.empty:
        return 0
    key = list(CONTRACTS[table].key)
    rows = rows.drop_duplicates([*key, AVAILABLE_AT], keep="last").reset_index(drop=True)
    text = json.dumps(_comparable(rows), default=str, ensure_ascii=True)
    return lake.append(table, rows, f"{_SOURCE}:{hashlib.sha256(text.encode()).hexdigest()[:24]}")


def _period_changes(lake: Lake, table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Of a table with validity: rows with other facts than stand under their key, and ends of those without a row."""
    contract = CONTRACTS[table]
    standing = lake.read(table, sources=True)
    if standing.empty:
        return rows
    facts = [name for name in contract.columns if name != AVAILABLE_AT]
    fresh = rows[_not_among(rows[facts], standing[facts])].reset_index(drop=True)
    own = standing[standing["source"] == _SOURCE].drop(columns="source")
    return pd.concat([_no_earlier(table, fresh, standing), _ended(table, rows, own)], ignore_index=True)


def _no_earlier(table: str, fresh: pd.DataFrame, standing: pd.DataFrame) -> pd.DataFrame:
    """Rows known no earlier than what they take the place of: else the old ones would go on to count."""
    key = list(CONTRACTS[table].key)
    before = standing.groupby(key, observed=True)[AVAILABLE_AT].max().rename("before").reset_index()
    before[key] = before[key].astype({name: fresh[name].dtype for name in key})
    known = fresh.merge(before, on=key, how="left")["before"]
    return fresh.assign(**{AVAILABLE_AT: fresh[AVAILABLE_AT].where(~(known > fresh[AVAILABLE_AT]), known)})


def _ended(table: str, rows: pd.DataFrame, standing: pd.DataFrame) -> pd.DataFrame:
    """Rows that stand open and whose key is not there any more, ended from when that was known."""
    key = list(CONTRACTS[table].key)
    left = standing[_not_among(standing[key], rows[key]) & standing["valid_to"].isna().to_numpy()]
    if left.empty:
        return empty_frame(CONTRACTS[table])
    known = pd.concat([rows[AVAILABLE_AT], left[AVAILABLE_AT]]).max()
    until = left["valid_from"].where(left["valid_from"] > known, known) + pd.Timedelta(microseconds=1)
    return as_contract(CONTRACTS[table], left.assign(valid_to=until, **{AVAILABLE_AT: known}))


def _application_changes(lake: Lake, table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Of applications, whose versions are their stages: versions not there yet, and what each comes to now.

    One that is not agreed any more, because an earlier one that it repeats came late or its area is gone, is taken
    back, or its load would be promised twice.
    """
    versions = lake.versions(table, sources=True)
    if versions.empty:
        return rows
    new = rows[_not_among(rows, versions.drop(columns="source"))]
    facts = [name for name in CONTRACTS[table].columns if name != AVAILABLE_AT]
    after = pd.concat([versions.drop(columns="source"), new], ignore_index=True)
    stands = _latest(after)
    wanted = _latest(rows)
    again = wanted[_not_among(wanted[facts], stands[facts])].reset_index(drop=True)
    own = versions.loc[versions["source"] == _SOURCE, "application_id"]
    gone = stands[stands["application_id"].isin(own) & ~stands["application_id"].isin(wanted["application_id"])]
    gone = gone[gone["closed_at"].isna() & gone["energised_at"].isna()]
    known = pd.concat([rows[AVAILABLE_AT], stands[AVAILABLE_AT]]).max()
    back = gone.assign(status="withdrawn", closed_at=known, **{AVAILABLE_AT: known})
    parts = [new, _no_earlier(table, again, after), back]
    return as_contract(CONTRACTS[table], pd.concat(parts, ignore_index=True))


def _latest(rows: pd.DataFrame) -> pd.DataFrame:
    """The version of each application that was known last."""
    ordered = rows.sort_values(AVAILABLE_AT, kind="stable")
    return ordered.drop_duplicates("application_id", keep="last").reset_index(drop=True)


def _not_among(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Where a row is no row of the others, which have the same columns."""
    there = set(_comparable(others))
    return np.array([row not in there for row in _comparable(rows)], dtype=bool)


def _comparable(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Rows as tuples in which nothing is equal to nothing."""
    plain = frame.astype("object").where(frame.notna(), None)
    return list(plain.itertuples(index=False, name=None))
