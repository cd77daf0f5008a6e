"""The use case of selecting customers: an expression within what the key sees; counted, paged, or exported."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.access import Permission, Principal
from serving.customers.audit import Pull, Pulls, may_be_kept
from serving.customers.exports import Sheet, lines_of
from serving.customers.holding import CustomerHoldings
from serving.customers.people import identities
from serving.customers.seeing import Sight, see, stamp_of
from serving.decisions.selection import (
    HELD,
    Expression,
    SelectionError,
    best,
    check,
    judge,
    names_of,
    parse,
)
from serving.messages.customers import TagsExportRequest, TagsQueryRequest
from serving.refusals import BadExpressionError, FieldFault

__all__ = ["Selecting"]

_ALWAYS = ("hall_id", "area_id", "customer_class")


@dataclass(frozen=True)
class _Found:
    sight: Sight
    tree: Expression | None
    places: np.ndarray
    unknown: int
    keep_text: bool


class Selecting:
    """Answers as plain values, in the shape `serving.messages.customers` declares."""

    def __init__(self, holdings: CustomerHoldings, pulls: Pulls) -> None:
        self.holdings, self.pulls = holdings, pulls

    def query(self, who: Principal, request: TagsQueryRequest) -> dict[str, Any]:
        """One page of the customers an expression selects, or how many they are."""
        found = self._select(who, request)
        columns = self._columns(found, request)
        places = np.empty(0, dtype=np.intp) if request.count_only else self._ordered(found, request)
        self._write(who, request, "tags/query", found, columns, len(found.places))
        end = request.offset + len(places)
        return {
            "snapshot": stamp_of(found.sight.snapshot),
            "total": len(found.places),
            "unknown": found.unknown,
            "no_consent": int(found.sight.left_out.sum()),
            "next_offset": end if len(places) and end < len(found.places) else None,
            "customers": self._rows(found.sight, places, columns, request.identity),
        }

    def export(self, who: Principal, request: TagsExportRequest) -> Iterator[bytes]:
        """All of them, as CSV or Parquet, piece by piece; written down before the first."""
        found = self._select(who, request)
        columns = self._columns(found, request)
        places = self._sorted(found, request, 0, len(found.places))
        self._write(who, request, "tags/export", found, columns, len(places))
        tags = tuple(one.tag for one in found.sight.tags)
        people = None
        if request.identity:
            ids = found.sight.snapshot.wide.customer_ids
            people = identities(self.holdings.holdings.lake, [str(ids[place]) for place in places])
        return lines_of(Sheet(found.sight.snapshot.wide, places, columns, tags, people), request.format)

    def _select(self, who: Principal, request: TagsQueryRequest | TagsExportRequest) -> _Found:
        sight = see(self.holdings, who, request.org_unit, request.snapshot_id)
        if request.identity:
            who.require(Permission.IDENTITY)
        asked = sight.within & ~sight.left_out
        if request.expression is None:
            return _Found(sight, None, np.flatnonzero(asked), 0, True)
        wide = sight.snapshot.wide
        try:
            tree = parse(request.expression)
            check(tree, wide, sight.columns, {one.tag for one in sight.tags})
        except SelectionError as error:
            raise BadExpressionError(f"expression: {error}", [FieldFault("expression", str(error))]) from error
        judged = judge(tree, wide)
        unknown = int((judged.unknown & asked).sum())
        keep = may_be_kept(request.expression, tree, wide)
        return _Found(sight, tree, np.flatnonzero(judged.true & asked), unknown, keep)

    def _columns(self, found: _Found, request: TagsQueryRequest | TagsExportRequest) -> tuple[str, ...]:
        sight = found.sight
        if request.sort_by is not None:
            sight.named("sort_by", request.sort_by, numbers_only=True)
        if request.columns is not None:
            given = dict.fromkeys(request.columns)
            return tuple(sight.named(f"columns.{i}", name) for i, name in enumerate(given))
        if isinstance(request, TagsExportRequest):
            return tuple(name for name in [*_ALWAYS, *sight.snapshot.wide.numbers] if name in sight.columns)
        looked_at = set() if found.tree is None else names_of(found.tree)
        return tuple(sorted((looked_at | ({request.sort_by} if request.sort_by else set())) - set(_ALWAYS)))

    def _ordered(self, found: _Found, request: TagsQueryRequest) -> np.ndarray:
        return self._sorted(found, request, request.offset, request.limit)

    def _sorted(
        self, found: _Found, request: TagsQueryRequest | TagsExportRequest, first: int, count: int
    ) -> np.ndarray:
        if request.sort_by is None:
            return found.places[first : first + count]
        values = found.sight.snapshot.wide.numbers[request.sort_by][found.places]
        return found.places[best(values, request.descending, first, count)]

    def _rows(self, sight: Sight, places: np.ndarray, columns: Sequence[str], with_identity: bool) -> list[Any]:
        wide = sight.snapshot.wide
        ids = [str(one) for one in wide.customer_ids[places]]
        always = [wide.texts[name].listed(places) for name in _ALWAYS]
        values = [_values(wide, name, places) for name in columns]
        held = [[wide.tags[one.tag][place] == HELD for place in places] for one in sight.tags]
        people = identities(self.holdings.holdings.lake, ids) if with_identity else {}
        return [
            {
                "customer_id": one,
                **{name: texts[row] for name, texts in zip(_ALWAYS, always, strict=True)},
                "values": {name: column[row] for name, column in zip(columns, values, strict=True)},
                "tags": [tag.tag for tag, has in zip(sight.tags, held, strict=True) if has[row]],
                "identity": people.get(one),
            }
            for row, one in enumerate(ids)
        ]

    def _write(
        self,
        who: Principal,
        request: TagsQueryRequest | TagsExportRequest,
        route: str,
        found: _Found,
        columns: Sequence[str],
        customers: int,
    ) -> None:
        self.pulls.write(
            who,
            Pull(
                route=route,
                customers=customers,
                snapshot_id=found.sight.snapshot.id,
                org_unit=request.org_unit,
                expression=request.expression,
                keep_text=found.keep_text,
                columns=columns,
                identity=request.identity,
            ),
        )


def _values(wide: Any, name: str, places: np.ndarray) -> list[float | str | None]:
    if name in wide.texts:
        listed: list[float | str | None] = wide.texts[name].listed(places)
        return listed
    numbers = wide.numbers[name][places].tolist()
    return [round(value, 6) if abs(value) < float("inf") else None for value in numbers]
