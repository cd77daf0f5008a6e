"""The use case of telling about one customer: the tags he holds, as of now or then, and his portrait."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import NotFoundError
from serving.access import Permission, Principal
from serving.customers.audit import Pull, Pulls
from serving.customers.columns import columns_for, tags_for
from serving.customers.holding import CustomerHoldings
from serving.customers.people import identities
from serving.customers.policy import PortraitPolicy, load_portrait_policy
from serving.customers.portrait import Portrait, portrait
from serving.customers.seeing import see, see_one, stamp_of
from serving.customers.snapshot import Snapshot
from serving.customers.tagging import words_of
from serving.customers.words import Said
from serving.decisions.selection import HELD, UNKNOWN
from serving.holdings import Kept
from serving.messages.customers import CustomerTagsQuery, PortraitQuery
from serving.refusals import UnknownCustomerError
from serving.rows import instant, plain

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.decisions.pushes.catalogue import Catalogue
    from serving.decisions.tags import Column
    from serving.tags.records import HeldTag

__all__ = ["Telling"]

_VALUE = {
    "p10_cny": "value_p10_cny",
    "p50_cny": "value_p50_cny",
    "p90_cny": "value_p90_cny",
    "last_cny": "value_last_cny",
}
_HEADROOM = ("node_id", "open_kva", "block_kva", "reason", "confidence", "english", "chinese")
_FIRST_YEAR = 1950
_OTHER = {"en": "chinese", "zh": "english"}
Area = Callable[[str], tuple[str | None, Mapping[str, Any]] | None]


class Telling:
    """Answers as plain values, in the shape `serving.messages.customers` declares.

    `area` gives the publication and the row of a node as it is told now, less promises.
    """

    def __init__(
        self,
        holdings: CustomerHoldings,
        engine: Callable[[], "Engine"],
        pulls: Pulls,
        area: Area,
        policy: PortraitPolicy | None = None,
    ) -> None:
        self.holdings, self._engine, self.pulls, self._area, self._given = holdings, engine, pulls, area, policy
        # What a run recorded never changes.
        self._columns: Kept[datetime, tuple[Column, ...]] = Kept(self._read_columns, size=8)
        self._ranks: Kept[str, np.ndarray] = Kept(lambda key: _ranks(self.holdings.snapshot(key)))

    @cached_property
    def policy(self) -> PortraitPolicy:
        """The policy in force, unless another was given."""
        return self._given or load_portrait_policy()

    def definitions(self, who: Principal) -> dict[str, Any]:
        """The tags and columns an expression of this key may speak of, and how many hold each."""
        from serving.customers.describing import describe_columns

        sight = see(self.holdings, who, None, None)
        wide, asked = sight.snapshot.wide, sight.within & ~sight.left_out
        shown = (
            "tag",
            "version",
            "kind",
            "english",
            "chinese",
            "meaning_english",
            "meaning_chinese",
            "purpose",
            "owner",
        )
        return {
            "snapshot": stamp_of(sight.snapshot),
            "customers": int(asked.sum()),
            "tags": [
                {name: getattr(one, name) for name in shown}
                | {
                    "held": int((asked & (wide.tags[one.tag] == HELD)).sum()),
                    "unknown": int((asked & (wide.tags[one.tag] == UNKNOWN)).sum()),
                }
                for one in sight.tags
            ],
            "columns": describe_columns(wide, sight.columns),
        }

    def tags(self, who: Principal, customer_id: str, query: CustomerTagsQuery) -> dict[str, Any]:
        """The tags of a customer that the key's role may see, as of the newest snapshot or of a past moment."""
        who.require(Permission.CUSTOMERS)
        snapshot = self.holdings.snapshot()
        see_one(self.holdings, who, customer_id, snapshot)
        at = snapshot.as_of if query.at is None else _within_reach(query.at)
        try:
            told = self._standing(who, customer_id, at.to_pydatetime())
        except NotFoundError as error:
            raise UnknownCustomerError(str(error)) from error
        names = [one["tag"] for one in told]
        self.pulls.write(who, Pull("customers/tags", 1, snapshot.id, customer_id, columns=names))
        return {"customer_id": customer_id, "as_of": instant(min(at, snapshot.as_of)), "tags": told}

    def portrait(self, who: Principal, customer_id: str, query: PortraitQuery) -> dict[str, Any]:
        """All that is told of a customer at a counter."""
        who.require(Permission.CUSTOMERS)
        if query.identity:
            who.require(Permission.IDENTITY)
        snapshot = self.holdings.snapshot()
        place = see_one(self.holdings, who, customer_id, snapshot)
        written = self.pulls.begin(
            who, Pull("customers/portrait", 1, snapshot.id, customer_id, identity=query.identity)
        )
        row = _row(snapshot, place, columns_for(who, snapshot))
        area_id = row["area_id"]
        published = None if area_id is None else self._area(str(area_id))
        area = None if published is None else published[1]
        applications = self.holdings.applications(customer_id)
        tags = self._tagged(who, customer_id, snapshot)
        made = portrait(row, tags, applications, area, self.policy, self._rank(snapshot, place))
        people = identities(self.holdings.holdings.lake, [customer_id]) if query.identity else {}
        told = {
            "customer_id": customer_id,
            "snapshot": stamp_of(snapshot),
            **{name: row[name] for name in ("hall_id", "area_id", "customer_class")},
            "contract_kva": row.get("contract_kva"),
            "identity": people.get(customer_id),
            **_told(made, row, None if published is None else published[0]),
            "offers": self._offers(customer_id) if who.may(Permission.PUSHES) else [],
        }
        written.result()
        return told if query.language == "both" else _in_one(told, _OTHER[query.language])

    def _offers(self, customer_id: str) -> list[dict[str, Any]]:
        """Offers to a customer that stand, of services that are offered still; who is held out has none."""
        from serving.pushes.store import PushQuery, PushStore
        from serving.pushes.telling import standing_offer

        found = PushStore(self._engine()).find(PushQuery(customer_id=customer_id), datetime.now(UTC), None)
        known = ((one, self._catalogue.service(one.service)) for one in found)
        return [standing_offer(one, service) for one, service in known if service is not None]

    @cached_property
    def _catalogue(self) -> "Catalogue":
        from serving.pushes.configs import load_catalogue

        return load_catalogue()

    def _tagged(self, who: Principal, customer_id: str, snapshot: Snapshot) -> list[dict[str, Any]]:
        try:
            return self._standing(who, customer_id, snapshot.as_of.to_pydatetime())
        except NotFoundError:
            return []

    def _standing(self, who: Principal, customer_id: str, at: datetime) -> list[dict[str, Any]]:
        """The tags a key's role may see of those that stood at a moment; NotFoundError before the first run."""
        from serving.tags.reading import told_tags
        from serving.tags.store import TagStore

        engine = self._engine()
        run = TagStore(engine).newest(at)
        if run is None:
            raise NotFoundError(f"no run of tags is as of {at.isoformat()} or before")
        columns = self._columns.get(run.as_of)
        with engine.connect() as connection:
            told = told_tags(connection, customer_id, run.seq, run.as_of, columns, at)
        visible = {one.tag for one in tags_for(who, map(words_of, columns))}
        return [_standing_tag(one) for one in told if one.tag in visible]

    def _read_columns(self, as_of: datetime) -> tuple["Column", ...]:
        from serving.tags.store import TagStore

        return TagStore(self._engine()).definitions(as_of)

    def _rank(self, snapshot: Snapshot, place: int) -> float | None:
        rank = float(self._ranks.get(snapshot.id)[place])
        return None if np.isnan(rank) else rank


def _within_reach(at: datetime) -> pd.Timestamp:
    """A moment that has not come yet is now; of one before all data nothing is known, however long ago it is."""
    if at.year < _FIRST_YEAR:
        return pd.Timestamp(year=_FIRST_YEAR, month=1, day=1, tz="UTC")
    return pd.Timestamp.now(tz="UTC") if at > datetime.now(UTC) else pd.Timestamp(at).tz_convert("UTC")


def _standing_tag(one: "HeldTag") -> dict[str, Any]:
    moments = {name: getattr(one, name) for name in ("since", "valid_until")}
    return {
        **{name: getattr(one, name) for name in ("tag", "version", "english", "chinese", "status")},
        **{name: None if at is None else instant(pd.Timestamp(at)) for name, at in moments.items()},
        "evidence": [dict(piece) for piece in one.evidence],
    }


def _row(snapshot: Snapshot, place: int, columns: frozenset[str]) -> dict[str, float | str | None]:
    wide, where = snapshot.wide, np.array([place])
    row: dict[str, float | str | None] = {name: texts.listed(where)[0] for name, texts in wide.texts.items()}
    for name, values in wide.numbers.items():
        if name in columns:
            row[name] = None if np.isnan(values[place]) else float(values[place])
    return row


def _ranks(snapshot: Snapshot) -> np.ndarray:
    """Share of a customer's class whose expected margin is less than his; NaN where it is not known."""
    wide = snapshot.wide
    values = wide.numbers.get("value_p50_cny")
    if values is None:
        return np.full(len(wide), np.nan)
    return pd.Series(values).groupby(wide.texts["customer_class"].codes).transform(_share_below).to_numpy()


def _share_below(values: pd.Series) -> pd.Series:
    return (values.rank(method="min") - 1) / max(int(values.notna().sum()) - 1, 1)


def _told(made: Portrait, row: Mapping[str, Any], publication_id: str | None) -> dict[str, Any]:
    return {
        "behaviour": _sentences(made.behaviour),
        "value": asdict(made.value) | {name: plain(row.get(column)) for name, column in _VALUE.items()},
        "tags": list(made.tags),
        "needs": _sentences(made.needs),
        "risks": _sentences(made.risks),
        "applications": [{name: plain(value) for name, value in one.items()} for one in made.applications],
        "headroom": None
        if made.headroom is None
        else {"publication_id": publication_id, **{name: made.headroom[name] for name in _HEADROOM}},
    }


def _sentences(said: Sequence[Said]) -> list[dict[str, Any]]:
    return [
        {
            "code": one.code,
            "english": one.english,
            "chinese": one.chinese,
            "figures": {name: plain(value) for name, value in one.figures.items()},
        }
        for one in said
    ]


def _in_one(told: Any, other: str) -> Any:
    """The same without the words of the `other` language."""
    if isinstance(told, dict):
        return {name: None if name == other else _in_one(value, other) for name, value in told.items()}
    return [_in_one(one, other) for one in told] if isinstance(told, list) else told
