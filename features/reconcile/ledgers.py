"""What the four ledgers say at a moment: records of equipment, what hangs on what, and who says so."""

import math
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from features.contracts import AVAILABLE_AT, CONTRACTS
from features.lake import Lake
from features.reconcile.texts import plain_name, plain_text

__all__ = ["EQUIPMENT", "Ledgers", "holding", "record_id"]

EQUIPMENT = ("substation", "feeder", "area", "transformer")
TABLES = ("ledger_node", "ledger_link", "ledger_customer", "ledger_application", "meter", "org_unit")


def record_id(system: pd.Series, source_id: pd.Series) -> pd.Series:
    """How a record is named across systems: system:identifier."""
    return system.astype("str") + ":" + source_id.astype("str")


def holding(frame: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """The rows whose validity covers `now`."""
    return frame[(frame["valid_from"] <= now) & ~(frame["valid_to"] <= now)].reset_index(drop=True)


@dataclass(frozen=True)
class Ledgers:
    """Current versions of the ledgers' rows, all periods of validity, as known at `now`; frames by table."""

    now: pd.Timestamp
    frames: dict[str, pd.DataFrame]

    @classmethod
    def read(cls, lake: Lake, now: pd.Timestamp) -> "Ledgers":
        """What the lake's ledgers say as known at `now`."""
        return cls(now, {name: lake.read(name, as_of=now) for name in TABLES})

    @classmethod
    def of(cls, now: pd.Timestamp, **frames: pd.DataFrame) -> "Ledgers":
        """From frames of the contracts; tables not given hold nothing."""
        from features.frames import empty_frame

        return cls(now, {name: frames.get(name, empty_frame(CONTRACTS[name])) for name in TABLES})

    @cached_property
    def records(self) -> pd.DataFrame:
        """Equipment that holds now, one row a record, indexed by record; the row that began last where several hold.

        Beside the contract's columns: `place`, `number`, `ordinal` of the name, plain `where` of the location, and
        `reference`, the record of the other system whose identifier it keeps.
        """
        return _described(holding(self.frames["ledger_node"], self.now))

    @cached_property
    def former(self) -> pd.DataFrame:
        """Transformers that are gone, in the form of `records`: areas had their ratings once."""
        rows = self.frames["ledger_node"]
        rows = rows[(rows["kind"] == "transformer") & (rows["valid_to"] <= self.now)]
        described = _described(rows)
        return described[~described.index.isin(self.records.index)]

    @cached_property
    def links(self) -> pd.DataFrame:
        """Every link of every system, all periods: `child` and `parent` as records (customers and meters by number)."""
        rows = self.frames["ledger_link"]
        child = record_id(rows["system"], rows["child_id"])
        own = rows["child_kind"].isin(("customer", "meter"))
        parent = record_id(rows["system"], rows["parent_id"])
        return rows.assign(child=child.mask(own, rows["child_id"].astype("str")), parent=parent)

    @cached_property
    def standing(self) -> pd.DataFrame:
        """The links that hold now; once each where a system says the same twice."""
        rows = holding(self.links, self.now).sort_values(["valid_from", AVAILABLE_AT], kind="stable")
        return rows.drop_duplicates(["system", "child_kind", "child", "parent"], keep="last", ignore_index=True)

    @cached_property
    def customer_of_meter(self) -> pd.Series:
        """The account each meter measures now, indexed by meter."""
        rows = holding(self.frames["meter"], self.now).sort_values("valid_from", kind="stable")
        return rows.drop_duplicates("meter_id", keep="last").set_index("meter_id")["customer_id"]

    @cached_property
    def meter_of_customer(self) -> pd.Series:
        """One meter of each account, indexed by account."""
        pairs = self.customer_of_meter.rename_axis("meter_id").reset_index()
        return pairs.drop_duplicates("customer_id").set_index("customer_id")["meter_id"]

    @cached_property
    def customer_says(self) -> pd.DataFrame:
        """Where each system says a customer hangs now: `customer_id`, `system`, `parent`, `available_at`, `valid_from`.

        What collection says of meters is said of the accounts they measure.
        """
        rows = self.standing[self.standing["child_kind"].isin(("customer", "meter"))]
        meter = rows["child_kind"] == "meter"
        account = rows["child"].where(~meter, rows["child"].map(self.customer_of_meter))
        named = rows.assign(customer_id=account)
        # A customer without an account is a stranger: its links are told as orphans, and lead nowhere.
        named = named[named["customer_id"].isin(self.frames["ledger_customer"]["customer_id"])]
        columns = ["customer_id", "system", "child", "parent", "valid_from", AVAILABLE_AT]
        return named[columns].reset_index(drop=True)


def _described(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a record, the latest, with the parts of its name."""
    rows = rows.sort_values(["valid_from", AVAILABLE_AT], kind="stable")
    rows = rows.assign(record=record_id(rows["system"], rows["source_id"])).drop_duplicates("record", keep="last")
    names = [plain_name(name) if isinstance(name, str) else None for name in rows["name"]]
    reference = record_id(rows["reference_system"], rows["reference_id"])
    rows = rows.assign(
        place=pd.array([None if one is None else one.place for one in names], dtype="str"),
        number=[math.nan if one is None or one.number is None else float(one.number) for one in names],
        ordinal=[math.nan if one is None or one.ordinal is None else float(one.ordinal) for one in names],
        where=rows["location"].map(plain_text, na_action="ignore"),
        reference=reference.where(rows["reference_system"].notna() & rows["reference_id"].notna()),
    )
    return rows.set_index("record").sort_index()
