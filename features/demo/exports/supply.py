"""Faults of who hangs where: customers that moved, were put on the wrong area, or on one that does not exist."""

import numpy as np
import pandas as pd

from features.demo.config import TIME_ZONE
from features.demo.exports.book import Book
from features.demo.exports.config import FaultRates
from features.demo.exports.ledgers import Sheets, local_date, local_time

__all__ = ["fault_supply"]

_ACCOUNTS, _SUPPLY, _METERS = "sg186_customers.csv", "gis_supply.csv", "col_meters.csv"


def fault_supply(book: Book, sheets: Sheets, rates: FaultRates, rng: np.random.Generator) -> None:
    """Strike customers and meters, each with one fault at most."""
    places = _Places(book, sheets, rng)
    customers = places.with_neighbours()
    for customer in book.choose(customers, rates.moved, rng):
        places.move(customer)
    for customer in book.choose(customers, rates.mislinked, rng):
        places.mislink(customer)
    for customer in book.choose(customers, rates.two_areas, rng):
        places.on_two_areas(customer)
    for customer in book.choose(customers, rates.orphan, rng):
        places.orphan(customer)


class _Places:
    """Where customers truly hang, and the files that say so."""

    def __init__(self, book: Book, sheets: Sheets, rng: np.random.Generator) -> None:
        self.book, self.sheets, self.rng = book, sheets, rng
        customers = sheets.territory.frame("customer").set_index("customer_id")
        self.area = customers["area_id"].astype("str")
        self.since = customers["valid_from"]
        meters = sheets.territory.frame("meter")
        self.meter = meters.set_index("customer_id")["meter_id"]
        nodes = sheets.territory.frame("node").drop_duplicates("node_id").set_index("node_id")
        feeder = nodes.loc[list(sheets.territory.area_ids), "parent_id"]
        self.neighbours = {area: [a for a in feeder.index[feeder == f] if a != area] for area, f in feeder.items()}
        self.row_of = {
            _ACCOUNTS: book.frames[_ACCOUNTS].drop_duplicates("户号").reset_index().set_index("户号")["index"],
            _SUPPLY: book.frames[_SUPPLY].reset_index().set_index("户号")["index"],
            _METERS: book.frames[_METERS].reset_index().set_index("表号")["index"],
        }

    def with_neighbours(self) -> list[str]:
        """Customers whose feeder has another area."""
        return [str(customer) for customer, area in self.area.items() if self.neighbours[area]]

    def _other(self, customer: str) -> str:
        return str(self.rng.choice(self.neighbours[self.area[customer]]))

    def _say(self, system: str, customer: str, area: str) -> bool:
        """Let a system hang the customer on `area`; False where it does not know him."""
        file, key = {
            "marketing": (_ACCOUNTS, customer),
            "topology": (_SUPPLY, customer),
            "collection": (_METERS, self.meter[customer]),
        }[system]
        if key not in self.row_of[file].index:
            return False
        column = {"marketing": "台区编号", "topology": "变压器ID", "collection": "测点号"}[system]
        self.book.frames[file].at[self.row_of[file][key], column] = self._id(system, area)
        return True

    def _id(self, system: str, area: str) -> str:
        if system != "topology":
            return str(self.sheets.naming.ids.at[area, system])
        banks = self.sheets.territory.frame("transformer")
        gone = banks.loc[banks["valid_to"].notna(), "transformer_id"]
        mine = banks[(banks["node_id"] == area) & ~banks["transformer_id"].isin(gone)]
        return str(self.sheets.transformer_ids.at[mine["transformer_id"].iloc[0], "topology"])

    def move(self, customer: str) -> None:
        """He moved to where he is; one or two systems still have him where he was."""
        old = self._other(customer)
        stale = self.rng.choice(["marketing", "collection", "topology", "marketing+topology"], p=[0.4, 0.25, 0.15, 0.2])
        wrong = [system for system in str(stale).split("+") if self._say(system, customer, old)]
        if not wrong:
            return
        if "marketing" not in wrong:
            self._history(customer, old)
        self.book.record("moved", "+".join(wrong), _ACCOUNTS, customer, "work_item:area_disagrees")

    def _history(self, customer: str, old: str) -> None:
        """Marketing tells when he moved: the old place closed, the new one open."""
        days = self.sheets.territory.config.voltage_days
        moved = self.sheets.territory.end - pd.Timedelta(days=int(self.rng.integers(days + 10, days + 300)))
        moved = moved.tz_convert(TIME_ZONE).normalize()
        if moved <= self.since[customer].tz_convert(TIME_ZONE):
            return
        row = self.book.frames[_ACCOUNTS].loc[[self.row_of[_ACCOUNTS][customer]]]
        day, minute = local_date(pd.Series([moved]))[0], local_time(pd.Series([moved + pd.Timedelta(hours=9)]))[0]
        before = row.assign(台区编号=self._id("marketing", old))
        after = row.assign(启用日期=day, 更新时间=minute)
        closed = before.assign(停用日期=day, 更新时间=minute)
        frame = self.book.frames[_ACCOUNTS].drop(index=row.index[0])
        self.book.frames[_ACCOUNTS] = pd.concat([frame, before, closed, after])
        # Labels stay what they were, so that rows of others are still found.
        self.book.frames[_ACCOUNTS].index = [*frame.index, *range(frame.index.max() + 1, frame.index.max() + 4)]

    def mislink(self, customer: str) -> None:
        """One system has had him on the wrong area from the beginning."""
        system = str(self.rng.choice(["marketing", "collection", "topology"], p=[0.5, 0.3, 0.2]))
        if not self._say(system, customer, self._other(customer)):
            system = "marketing"
            self._say(system, customer, self._other(customer))
        self.book.record("mislinked", system, _ACCOUNTS, customer, "work_item:area_disagrees")

    def on_two_areas(self, customer: str) -> None:
        """Collection has his meter on another area, too."""
        frame, meter = self.book.frames[_METERS], self.meter[customer]
        row = frame.loc[[self.row_of[_METERS][meter]]].assign(测点号=self._other(customer))
        self.book.frames[_METERS] = pd.concat([frame, row], ignore_index=True)
        self.book.record("two_areas", "collection", _METERS, meter, "work_item:meter_on_two_areas")

    def orphan(self, customer: str) -> None:
        """Marketing has him on an area that it does not have."""
        place = self.row_of[_ACCOUNTS][customer]
        self.book.frames[_ACCOUNTS].at[place, "台区编号"] = f"0199{int(self.rng.integers(10**6)):06d}"
        self.book.record("orphan", "marketing", _ACCOUNTS, customer, "work_item:orphan_record")
