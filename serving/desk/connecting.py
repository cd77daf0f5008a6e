"""The use case of allocation: where applications connect within what is open and not promised; then it may be held."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from features.configs import config_path
from features.errors import DataError
from features.settings import load_settings
from serving.access import Permission, Principal, Scope
from serving.decisions.allocation import AllocationPolicy
from serving.desk.allocating import (
    allocate_in,
    allocation_answer,
    class_shares_of,
    load_allocation_policy,
    request_frame,
)
from serving.desk.applications import Applications
from serving.ledger import BLOCKS, Ask, Room, to_va
from serving.ledger.book import reserve_in
from serving.ledger.records import OF_APPLICATIONS
from serving.queue import Queue
from serving.queue.writing import connect
from serving.refusals import (
    BadFieldError,
    DuplicateError,
    FieldFault,
    HeldAlreadyError,
    OutOfScopeError,
    UnknownNodeError,
)

__all__ = ["Connecting"]

_SHARES = [f"block_share_{block}" for block in range(BLOCKS)]
Rows = Sequence[Mapping[str, Any]]


class Connecting:
    """Allocates within the ledger's room, and promises what it allocates when asked to."""

    def __init__(self, applications: Applications) -> None:
        self.applications, self.orgs, self.clock = applications, applications.orgs, applications.clock

    def allocate(
        self,
        who: Principal,
        rows: Rows,
        commit: bool = False,
        by_class: bool = False,
        policy: AllocationPolicy | None = None,
    ) -> dict[str, Any]:
        """Where the requests of `rows` (fields as `serving.desk.allocating.request_frame` takes them) connect, of the
        areas the key sees. With `commit` what is assigned is held, all of it or nothing, and waits no more.
        """
        who.require(Permission.PROMISE if commit else Permission.CAPACITY_LIVE)
        rules, queue = policy or load_allocation_policy(), self.applications.queue()
        requests = self._requests(who, rows, by_class, rules)
        if commit:
            self._require_free(queue, frozenset(requests["request_id"].astype(str)))
        room = queue.ledger.room()
        try:
            found = allocate_in(self.orgs.holdings.territory(), self._open(who, room), requests, rules)
        except DataError as error:
            raise BadFieldError(str(error), [FieldFault("requests", str(error))]) from error
        answer = allocation_answer(found)
        made = self._promise(queue, requests, answer["assignments"], room, who.key_id) if commit else {}
        for row in answer["assignments"]:
            row["reservation_id"] = made.get(row["request_id"])
        return {"base_id": room.base_id, "known_at": _iso(room.known_at), "committed": commit, **answer}

    def _requests(self, who: Principal, rows: Rows, by_class: bool, rules: AllocationPolicy) -> pd.DataFrame:
        from training.peak.connections import ConnectionPolicy

        shares = None
        if by_class:
            shares = class_shares_of(load_settings(ConnectionPolicy, config_path("policy/connections.yaml")), rules)
        for number, row in enumerate(rows):
            if row.get("node_id") is not None:
                self._require_area(who, str(row["node_id"]), number)
        try:
            return request_frame(_whole(rows, self.clock()), shares)
        except DataError as error:
            raise BadFieldError(str(error), [FieldFault("requests", str(error))]) from error

    def _require_area(self, who: Principal, node_id: str, number: int) -> None:
        field = f"requests.{number}.node_id"
        try:
            node = self.orgs.node(who, node_id)
        except (UnknownNodeError, OutOfScopeError) as error:
            raise type(error)(str(error), [FieldFault(field, str(error))]) from error
        if node.kind != "area":
            raise BadFieldError.of(field, f"{node_id} is a {node.kind}; applications ask for an area")

    def _open(self, who: Principal, room: Room) -> pd.DataFrame:
        """What may still be promised at each node, kVA by block; areas of others are no candidates."""
        territory = self.orgs.holdings.territory()
        scope = Scope.of(who, territory.parents)
        mine = {
            node: va / 1000
            for node, va in room.left_va().items()
            if room.kinds[node] != "area" or scope.covers(room.halls[node])
        }
        return pd.DataFrame.from_dict(mine, orient="index", columns=range(BLOCKS), dtype=float).clip(lower=0.0)

    def _require_free(self, queue: Queue, refs: frozenset[str]) -> None:
        # Offers are thousands, and hold for no application.
        for one in queue.ledger.find(kind=OF_APPLICATIONS):
            if one.ref in refs:
                raise HeldAlreadyError(f"capacity is held for {one.ref} already, as {one.reservation_id}")

    def _promise(self, queue: Queue, requests: pd.DataFrame, assignments: Rows, room: Room, by: str) -> dict[str, str]:
        """request → the promise that holds capacity for it; one transaction, refused where somebody was faster."""
        now = self.clock()
        until = now + timedelta(days=queue.policy.hold_days)
        shares = dict(zip(requests["request_id"].astype(str), requests[_SHARES].to_numpy(dtype=float), strict=True))
        asks = [_ask(row, shares[row["request_id"]].tolist(), room, until) for row in assignments]
        queue.ledger.expire(now)
        with queue.ledger.transaction() as connection:
            made = reserve_in(connection, asks, now, by)
            for one in made:
                connect(connection, one, room.base_id, now, by)
        # Those that waited with them may move up.
        queue.settle(now, by)
        return {one.ref: one.reservation_id for one in made}


def _whole(rows: Rows, now: datetime) -> list[dict[str, Any]]:
    """Every row with a number and a moment of its own; without a class nothing is known but what is asked for."""
    numbers = Counter(str(row["request_id"]) for row in rows if row.get("request_id") is not None)
    for number, times in numbers.items():
        if times > 1:
            raise DuplicateError(f"the number {number} is given {times} times")
    whole = []
    for place, row in enumerate(rows):
        full = {"request_id": f"({place + 1})", "submitted_at": now + timedelta(microseconds=place), **row}
        if row.get("customer_class") is None and "block_share_0" not in row:
            full |= dict.fromkeys(_SHARES, 1.0)
        whole.append(full)
    return whole


def _ask(row: Mapping[str, Any], shares: Sequence[float], room: Room, until: datetime) -> Ask:
    node = str(row["node_id"])
    va = tuple(to_va(row["kva"] * share) for share in shares)
    made = Ask("allocation", str(row["request_id"]), room.paths[node], va, room.halls[node], until)
    return replace(made, why=f"allocated {row['distance_km']:.2f} km away")


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
