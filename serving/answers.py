"""The use cases: who asks is known, what is asked is well formed; here it is selected, looked up or computed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import cached_property
from typing import Any

from features.errors import HeadroomError
from serving.access import Permission, Principal, Scope
from serving.capacity import load_policy
from serving.decisions.promised import less_promised
from serving.forecasting import Keep, Question, issue_time_of
from serving.holdings import CapacityTable, Holdings, Node, Territory, newest_load_moment
from serving.messages import (
    NodesCapacityRequest,
    NodesForecastRequest,
    NodesQuery,
    PublicationsQuery,
    UnitCapacityRequest,
    UnitForecastRequest,
)
from serving.publish import Provenance, Publication
from serving.refusals import (
    BadFieldError,
    FieldFault,
    NotReadyError,
    OutOfScopeError,
    UnknownNodeError,
    UnknownUnitError,
)
from serving.rows import instant
from training.standing import FIRM_DAYS

__all__ = ["Answers", "Held"]

Held = Callable[[], Mapping[str, Sequence[int]]]

_SHOWN = 3
_log = logging.getLogger("headroom.service")


class Answers:
    """Answers as plain values, in the shape `serving.messages` declares."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self.keep: Keep | None = None
        """Told every forecast issued from the newest load, with the levels by which forecasts are scored."""
        self.held: Held | None = None
        """Tells what has been promised since the newest publication; without it figures are told as published."""

    def forecast(
        self, who: Principal, request: NodesForecastRequest | UnitForecastRequest, *, totals: bool = False
    ) -> dict[str, Any]:
        """Load quantiles of every asked node for every interval of the horizon.

        With `totals` nodes are made to add up over the whole tree, which takes the forecasts of two months: a job
        for the command line, not for a request.
        """
        who.require(Permission.FORECAST)
        nodes = self._select(who, request)
        demand = self.holdings.demand()
        fingerprint, history = self.holdings.history()
        step = history.versions.step_minutes
        self._require_fitting(len(nodes) * request.horizon_hours * 60 // step, request.explain)
        issue_time = issue_time_of(history, request)
        question = Question(request, nodes, demand, history, issue_time)
        rows = {} if not nodes else question.added_up() if totals else question.figures(self.keep)
        return {
            "issue_time": instant(issue_time),
            "issue_time_rule": "asked" if request.issue_time else "newest_load",
            "horizon_hours": request.horizon_hours,
            "step_minutes": step,
            "model": {
                "name": demand.champion.name,
                "version": demand.champion.version,
                "sha256": demand.champion.sha256,
            },
            "data_fingerprint": fingerprint,
            "nodes": [
                {"node_id": node.node_id, "name": node.name, "rows": rows.get(node.node_id, [])} for node in nodes
            ],
        }

    def capacity(self, who: Principal, request: NodesCapacityRequest | UnitCapacityRequest) -> dict[str, Any]:
        """Open capacity of every asked node, published or computed now."""
        live = request.publication == "live"
        who.require(Permission.CAPACITY_LIVE if live else Permission.CAPACITY)
        nodes = self._select(who, request)
        table = self._table(request.publication)
        absent = [node.node_id for node in nodes if node.node_id not in table.rows]
        if absent and isinstance(request, NodesCapacityRequest):
            raise UnknownNodeError(f"{_listing('node', absent)} not in publication {table.publication_id}")
        return self._capacity_answer(nodes, table)

    def whole_territory(self, who: Principal, kinds: Sequence[str], publication: str) -> dict[str, Any]:
        """Open capacity of every node of some kinds that the key sees."""
        who.require(Permission.CAPACITY_LIVE if publication == "live" else Permission.CAPACITY)
        territory = self.holdings.territory()
        scope = Scope.of(who, territory.parents)
        nodes = [n for n in territory.nodes.values() if n.kind in kinds and scope.covers(n.hall_id)]
        return self._capacity_answer(nodes, self._table(publication))

    def area(self, node_id: str) -> tuple[str | None, dict[str, Any]] | None:
        """The newest publication and a node's row in it, less what was promised since; None where it tells nothing.

        For use cases that show it beside something else the key may see; they answer for who may see that.
        """
        try:
            table = self.holdings.published(None)
        except NotReadyError:
            return None
        return (table.publication_id, self._less_promised([node_id], table)[0]) if node_id in table.rows else None

    def nodes(self, who: Principal, query: NodesQuery) -> dict[str, Any]:
        """One page of the nodes the key sees."""
        who.require(Permission.NODES)
        territory = self.holdings.territory()
        scope = Scope.of(who, territory.parents)
        units = None if query.org_unit is None else self._unit(territory, scope, query.org_unit)
        matching = [
            node
            for node in territory.nodes.values()
            if scope.covers(node.hall_id)
            and (units is None or node.hall_id in units)
            and (query.kind is None or node.kind == query.kind)
        ]
        rest = [node for node in matching if query.after is None or node.node_id > query.after]
        page = rest[: query.limit]
        return {
            "total": len(matching),
            "next_after": page[-1].node_id if len(rest) > len(page) else None,
            "nodes": [asdict(node) for node in page],
        }

    def publications(self, who: Principal, query: PublicationsQuery) -> dict[str, Any]:
        """One page of the publications, newest first."""
        who.require(Permission.PUBLICATIONS)
        known = self.holdings.publications()
        page = known[query.offset : query.offset + query.limit]
        return {"total": len(known), "publications": [_entry(publication) for publication in page]}

    def missing(self) -> list[tuple[str, str]]:
        """What answers need and do not find, as (part of the workspace, why); empty when everything is there."""
        needs: dict[str, Callable[[], object]] = {
            "lake": self.holdings.territory,
            "models/demand": self.holdings.demand,
            "publications": lambda: self.holdings.published(None),
        }
        found = []
        for part, need in needs.items():
            try:
                need()
            except HeadroomError as error:
                found.append((part, str(error)))
        return found

    def warm(self) -> None:
        """Read everything once before the first question, and forecast one hour of one node."""
        with ThreadPoolExecutor(1) as beside:
            # The history takes longest, and most of it is reading: the rest is done meanwhile.
            reading = beside.submit(self.holdings.history)
            for part, reason in self.missing():
                _log.warning("not ready: %s: %s", part, reason)
            try:
                _, history = reading.result()
                if history.node_ids:
                    one = [history.node_ids[0]]
                    self.holdings.demand().model.forecast(
                        history, newest_load_moment(history), horizon_hours=1, node_ids=one
                    )
            except HeadroomError as error:
                _log.warning("forecasts are not warm: %s", error)

    def _table(self, publication: str) -> CapacityTable:
        if publication == "live":
            return self.holdings.live()
        return self.holdings.published(None if publication == "latest" else publication)

    def _capacity_answer(self, nodes: Sequence[Node], table: CapacityTable) -> dict[str, Any]:
        told = [node.node_id for node in nodes if node.node_id in table.rows]
        return {
            "live": table.publication_id is None,
            "publication_id": table.publication_id,
            "created_at": instant(table.created_at),
            **_provenance(table.provenance),
            "nodes": self._less_promised(told, table),
            "absent_node_ids": [node.node_id for node in nodes if node.node_id not in table.rows],
        }

    def _less_promised(self, node_ids: Sequence[str], table: CapacityTable) -> list[dict[str, Any]]:
        """Rows less what was promised since; those of an older publication, and scenarios, as they were told."""
        newest = self.holdings.newest()
        current = table.publication_id is None or (newest is not None and table.publication_id == newest.id)
        if self.held is None or not current or table.provenance.horizon_days > FIRM_DAYS:
            return [table.rows[node_id] for node_id in node_ids]
        held, step = self.held(), self._round_kva
        paths = self.holdings.territory().paths
        return [less_promised(table.rows[one], table.rows, held, paths.get(one, (one,)), step) for one in node_ids]

    @cached_property
    def _round_kva(self) -> float:
        return load_policy().round_kva

    def _select(
        self,
        who: Principal,
        request: NodesForecastRequest | UnitForecastRequest | NodesCapacityRequest | UnitCapacityRequest,
    ) -> list[Node]:
        territory = self.holdings.territory()
        scope = Scope.of(who, territory.parents)
        if isinstance(request, NodesForecastRequest | NodesCapacityRequest):
            return self._named(territory, scope, request.node_ids)
        units = self._unit(territory, scope, request.org_unit)
        kinds = set(request.kinds)
        return [node for node in territory.nodes.values() if node.hall_id in units and node.kind in kinds]

    def _named(self, territory: Territory, scope: Scope, node_ids: Sequence[str]) -> list[Node]:
        if len(node_ids) > self.holdings.settings.max_nodes:
            raise BadFieldError.of("node_ids", f"at most {self.holdings.settings.max_nodes} nodes in one request")
        unknown = [(i, node_id) for i, node_id in enumerate(node_ids) if node_id not in territory.nodes]
        if unknown:
            faults = [FieldFault(f"node_ids.{i}", f"node {node_id} is unknown") for i, node_id in unknown]
            raise UnknownNodeError(f"{_listing('node', [n for _, n in unknown])} unknown", faults)
        nodes = [territory.nodes[node_id] for node_id in dict.fromkeys(node_ids)]
        hidden = [node.node_id for node in nodes if not scope.covers(node.hall_id)]
        if hidden:
            faults = [FieldFault(f"node_ids.{i}", "out of scope") for i, n in enumerate(node_ids) if n in hidden]
            raise OutOfScopeError(f"{_listing('node', hidden)} outside the org unit of this key", faults)
        return nodes

    def _unit(self, territory: Territory, scope: Scope, unit_id: str) -> frozenset[str]:
        if unit_id not in territory.parents:
            message = f"org unit {unit_id} is unknown"
            raise UnknownUnitError(message, [FieldFault("org_unit", message)])
        scope.require(unit_id, f"org unit {unit_id}")
        return territory.below(unit_id)

    def _require_fitting(self, rows: int, explain: bool) -> None:
        settings = self.holdings.settings
        limit = settings.max_explained_rows if explain else settings.max_forecast_rows
        if rows > limit:
            how = "explained in one answer" if explain else "in one answer"
            raise BadFieldError.of(
                "horizon_hours", f"{rows} rows asked for, at most {limit} {how}: fewer nodes or a shorter horizon"
            )


def _listing(what: str, names: Sequence[str]) -> str:
    """`node A1 is`, or `nodes A1, A2, A3 and 4 more are`."""
    if len(names) == 1:
        return f"{what} {names[0]} is"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{what}s {', '.join(names[:_SHOWN])}{more} are"


def _provenance(made: Provenance) -> dict[str, Any]:
    return {
        "issued_at": instant(made.now),
        "horizon_days": made.horizon_days,
        "model": {"name": made.model_name, "version": made.model_version, "sha256": made.model_hash},
        "data_fingerprint": made.data_hash,
        "config_hash": made.config_hash,
    }


def _entry(publication: Publication) -> dict[str, Any]:
    return {
        "publication_id": publication.id,
        "created_at": instant(publication.created_at),
        **_provenance(publication.provenance),
        "nodes": publication.nodes,
    }
