"""The use cases of applications: checked against what is open, queued, listed, taken back; by the key's own scope."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from serving.access import Permission, Principal, Scope
from serving.decisions.queue import Finding
from serving.desk.basing import drawn_va, open_queue, recheck, stand_on_latest
from serving.holdings import Holdings
from serving.ledger import Room, to_va
from serving.messages.applications import ApplicationsQuery, CheckRequest, QueueQuery, WithdrawRequest
from serving.orgs import Orgs
from serving.queue import Case, Queue, QueuePolicy, Request
from serving.queue.policy import load_queue_policy
from serving.queue.reading import figures, find_cases, steps, the_case
from serving.refusals import BadFieldError, OutOfScopeError, UnknownApplicationError

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Applications"]

_OPEN_STAGES = ("submitted", "surveyed")
_OUTCOMES = ("constrained", "unknown")


class Applications:
    """Answers as plain values, in the shape `serving.messages.applications` declares."""

    def __init__(
        self,
        holdings: Holdings,
        engine: Callable[[], "Engine"],
        policy: QueuePolicy | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.holdings, self.orgs, self.clock = holdings, Orgs(holdings), clock
        self.engine, self._given = engine, policy

    @cached_property
    def policy(self) -> QueuePolicy:
        """The policy in force, unless another was given."""
        return self._given or load_queue_policy()

    def queue(self) -> Queue:
        """The queue, on the newest publication."""
        found = open_queue(self.engine(), self.policy)
        stand_on_latest(self.holdings.workspace, found, self.clock(), "publication", self.holdings.newest())
        return found

    def recheck(self) -> list[Case]:
        """Look at the queue again, on figures computed anew where a ledger has changed; those released."""
        if self.holdings.newest() is None:
            return []
        return recheck(self.holdings.workspace, self.queue(), self.clock(), "recheck")

    def check_open(self) -> dict[str, int]:
        """Check what the lake holds as handed in or surveyed and nobody checked yet; how many, and how many wait."""
        frame = self.holdings.lake.read("application")
        frame = frame[frame["status"].isin(_OPEN_STAGES) & (frame["kind"] != "decrease") & (frame["requested_kva"] > 0)]
        queue, now, queued, checked = self.queue(), self.clock(), 0, 0
        for row in frame.sort_values(["submitted_at", "application_id"]).to_dict("records"):
            if steps(queue.ledger.engine, str(row["application_id"])):
                continue
            request = Request(
                application_id=str(row["application_id"]),
                node_id=str(row["node_id"]),
                va=drawn_va(float(row["requested_kva"]), str(row["customer_class"]), queue.policy),
                requested_kva=float(row["requested_kva"]),
                customer_class=str(row["customer_class"]),
                submitted_at=row["submitted_at"].to_pydatetime(),
            )
            checked += 1
            queued += queue.check(request, now, "lake")[1] is not None
        return {"checked": checked, "queued": queued}

    def check(self, who: Principal, request: CheckRequest) -> dict[str, Any]:
        """What is found of a request; an application that does not fit is in the queue afterwards."""
        who.require(Permission.APPLY)
        node = self.orgs.node(who, request.node_id)
        if node.kind != "area":
            raise BadFieldError.of("node_id", f"{node.node_id} is a {node.kind}; applications ask for an area")
        queue, now = self.queue(), self.clock()
        asked = _request(request, queue.policy, now)
        case = None
        if request.application_id is None:
            found = queue.judge(asked, now)
        else:
            self._require_own(who, self._case(queue, request.application_id))
            found, case = queue.check(asked, now, who.key_id, request.hold)
        return _check_answer(request, found, case, queue, queue.ledger.room())

    def list(self, who: Principal, query: ApplicationsQuery) -> dict[str, Any]:
        """One page of the queue, in its order."""
        who.require(Permission.APPLICATIONS)
        queue, now = self.queue(), self.clock()
        states = None if query.state == "all" else [query.state]
        outcomes = [query.state] if query.state in _OUTCOMES else None
        if outcomes:
            states = ["waiting"]
        halls = self.orgs.halls(who, query.org_unit)
        cases = find_cases(queue.ledger.engine, states, outcomes, halls, query.node_id)
        page, rest = _page(cases, query.after, query.limit)
        return {
            "total": len(cases),
            "next_after": page[-1].application_id if rest else None,
            "applications": [_entry(case, now) for case in page],
        }

    def show(self, who: Principal, application_id: str) -> dict[str, Any]:
        """One application, and every step."""
        who.require(Permission.APPLICATIONS)
        queue = self.queue()
        case = self._case(queue, application_id)
        self._require_own(who, case)
        told = steps(queue.ledger.engine, application_id)
        if case is None and (not told or who.org_unit is not None):
            raise UnknownApplicationError(f"application {application_id} was never checked")
        shown = [
            {"at": _iso(one.at), "step": one.step, "base_id": one.base_id, "by": one.by, "detail": one.detail}
            for one in told
        ]
        return {"application": None if case is None else _entry(case, self.clock()), "steps": shown}

    def withdraw(self, who: Principal, application_id: str, request: WithdrawRequest) -> dict[str, Any]:
        """An application leaves the queue; those behind it move up."""
        who.require(Permission.APPLY)
        queue, now = self.queue(), self.clock()
        case = self._case(queue, application_id)
        if case is None:
            raise UnknownApplicationError(f"application {application_id} is not in the queue")
        self._require_own(who, case)
        return _entry(queue.withdraw(application_id, now, who.key_id, request.why), now)

    def statistics(self, who: Principal, query: QueueQuery) -> dict[str, Any]:
        """The queue in figures of every unit the key sees; each recomputed from its applications."""
        who.require(Permission.APPLICATIONS)
        queue, now = self.queue(), self.clock()
        cases = find_cases(queue.ledger.engine, halls=self.orgs.halls(who, query.org_unit))
        rows = []
        for unit, below in self.orgs.units(who, query.org_unit):
            told = {"org_unit": unit.unit_id, "name": unit.name, "kind": unit.kind}
            mine = figures([case for case in cases if case.hall_id in below], now)
            rows.append(told | {name: _known(value) for name, value in mine.items()})
        return {"at": _iso(now), "units": rows}

    def _case(self, queue: Queue, application_id: str) -> Case | None:
        with queue.ledger.engine.connect() as connection:
            return the_case(connection, application_id)

    def _require_own(self, who: Principal, case: Case | None) -> None:
        scope = Scope.of(who, self.holdings.territory().parents)
        if case is not None and not scope.covers(case.hall_id):
            raise OutOfScopeError(f"application {case.application_id} is outside the org unit of this key")


def _request(request: CheckRequest, policy: QueuePolicy, now: datetime) -> Request:
    shares = request.block_share
    if shares is None:
        va = drawn_va(request.kva, request.customer_class, policy)
    else:
        va = tuple(to_va(request.kva * share) for share in shares)
    return Request(
        application_id=request.application_id or "(asked)",
        node_id=request.node_id,
        va=va,
        requested_kva=request.kva,
        customer_class=request.customer_class,
        submitted_at=min(request.submitted_at or now, now),
        wanted_on=request.wanted_on,
    )


def _check_answer(request: CheckRequest, found: Finding, case: Case | None, queue: Queue, room: Room) -> dict[str, Any]:
    held = queue.ledger.find(ref=request.application_id) if request.application_id else []
    told = asdict(found) | {"fits_block_kva": None if found.fits_block_kva is None else list(found.fits_block_kva)}
    return told | {
        "application_id": request.application_id,
        "node_id": request.node_id,
        "state": None if case is None else case.state,
        "place": None if case is None or case.state != "waiting" else _place(case, queue),
        "reservation_id": held[0].reservation_id if held else None,
        "beyond_horizon": request.wanted_on is not None and request.wanted_on > room.until.date(),
        "base_id": room.base_id,
        "known_at": _iso(room.known_at),
        "until": _iso(room.until),
    }


def _place(case: Case, queue: Queue) -> int:
    waiting = find_cases(queue.ledger.engine, ["waiting"], node_id=case.binding_node_id)
    same = [one.application_id for one in waiting if one.binding_node_id == case.binding_node_id]
    return 1 + same.index(case.application_id)


def _page(cases: Sequence[Case], after: str | None, limit: int) -> tuple[Sequence[Case], bool]:
    places = {case.application_id: place for place, case in enumerate(cases)}
    if after is not None and after not in places:
        raise UnknownApplicationError(f"application {after} is not on this list any more; begin anew")
    first = 0 if after is None else places[after] + 1
    return cases[first : first + limit], len(cases) > first + limit


def _entry(case: Case, now: datetime) -> dict[str, Any]:
    shown = asdict(case)
    del shown["va"], shown["rank"], shown["block"]
    blocks = shown["fits_block_kva"]
    shown = {name: _iso(value) if isinstance(value, datetime) else value for name, value in shown.items()}
    wanted = None if case.wanted_on is None else case.wanted_on.isoformat()
    return shown | {
        "block": case.block,
        "fits_block_kva": None if blocks is None else list(blocks),
        "wanted_on": wanted,
        "waited_days": round(case.waited_days(now), 4),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _known(value: float) -> float | None:
    return None if value != value else round(value, 4)
