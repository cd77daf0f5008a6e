"""The use cases of offers: listed, answered, and who wants none; by the key's own scope, and written down."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.errors import NotFoundError
from features.settings import config_hash
from serving.access import NEEDS_CONSENT, Permission, Principal, Scope
from serving.customers.audit import Pull
from serving.customers.desk import CustomerDesk
from serving.desk.applications import Applications
from serving.messages.pushes import DecideRequest, OutcomeRequest, PushesQuery, PushesReliefQuery, WishRequest
from serving.pushes.configs import load_catalogue, load_push_policy
from serving.pushes.deciding import DecidedNow, decide_now
from serving.pushes.judged import told_customers
from serving.pushes.material import snapshot_by
from serving.pushes.naming import require_campaign, require_service
from serving.pushes.outcomes import take_outcome
from serving.pushes.reading import accounts_of
from serving.pushes.records import Push, Wish
from serving.pushes.relieving import told_relief
from serving.pushes.store import PushQuery, PushStore
from serving.pushes.telling import moment, ndjson, push_entry, service_entry, versions_of
from serving.pushes.wishes import take_wish
from serving.refusals import (
    BadFieldError,
    FieldFault,
    KeyReusedError,
    NoConsentError,
    OutOfScopeError,
    UnknownCustomerError,
    UnknownPushError,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.customers.snapshot import Snapshot
    from serving.decisions.pushes.catalogue import Catalogue
    from serving.decisions.pushes.policy import PushPolicy

__all__ = ["PushDesk", "own_key"]

_PAGE = 100
_FIRST_YEAR, _LAST_YEAR = 1950, 9000
_AHEAD = timedelta(minutes=5)
"""Clocks differ by so much."""


class PushDesk:
    """Answers as plain values, in the shape `serving.messages.pushes` declares."""

    def __init__(
        self,
        customers: CustomerDesk,
        applications: Applications,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        catalogue: "Catalogue | None" = None,
        policy: "PushPolicy | None" = None,
    ) -> None:
        self.customers, self.applications, self.clock = customers, applications, clock
        self._catalogue, self._policy = catalogue, policy
        self.orgs = applications.orgs

    @cached_property
    def catalogue(self) -> "Catalogue":
        """The catalogue in force, unless another was given."""
        return self._catalogue or load_catalogue()

    @cached_property
    def policy(self) -> "PushPolicy":
        """The policy in force, unless another was given."""
        return self._policy or load_push_policy()

    @property
    def engine(self) -> "Engine":
        """The state."""
        return self.applications.engine()

    @property
    def store(self) -> PushStore:
        """Offers in the state."""
        return PushStore(self.engine)

    def decide(self, who: Principal, key: str | None, request: DecideRequest) -> dict[str, Any]:
        """What to offer to some customers, and why all else is not; `commit` makes the offers, once under a key."""
        who.require(Permission.PUSH if request.commit else Permission.PUSHES)
        if request.commit and key is None:
            raise BadFieldError.of("Idempotency-Key", "is needed with `commit`, so that offers are not made twice")
        customers = list(dict.fromkeys(request.customer_ids))
        now, newest = self.clock(), self.customers.holdings.snapshot()
        # Nothing may be known that was not known at the moment it is decided as of.
        past = newest.as_of > pd.Timestamp(now)
        snapshot = snapshot_by(self.applications.holdings.workspace, now) if past else newest
        self._require_known(who, customers, request.services)
        single = customers[0] if len(customers) == 1 else None
        self.customers.pulls.write(who, Pull("pushes/decide", len(customers), snapshot.id, single))
        made = self._decided(who, None if key is None else own_key(who, key), request, snapshot, now)
        forbidding = self.customers.holdings.forbidding() if who.role in NEEDS_CONSENT else ()
        return {
            "run_id": made.run.run_id if made.committed else None,
            "committed": made.committed,
            "repeated": made.repeated,
            "decided_at": moment(made.run.decided_at),
            "versions": versions_of(made.run),
            "customers": told_customers(who, made, customers, forbidding),
        }

    def services(self, who: Principal) -> dict[str, Any]:
        """Everything that may be offered."""
        who.require(Permission.PUSHES)
        entries = [service_entry(one) for one in self.catalogue.services]
        return {"catalogue_hash": config_hash(self.catalogue), "services": entries}

    def list(self, who: Principal, query: PushesQuery) -> dict[str, Any]:
        """One page of offers, the newest first."""
        asked, now = self._asked(who, query), self.clock()
        found = self.store.find(asked, now, query.limit or _PAGE, query.offset)
        total, end = self.store.count(asked, now), query.offset + len(found)
        self._write(who, query, found)
        more = end if found and end < total else None
        return {"total": total, "next_offset": more, "pushes": list(self._entries(found, now))}

    def lines(self, who: Principal, query: PushesQuery) -> Iterator[bytes]:
        """Offers as NDJSON, all of them unless a page was asked for; written down before the first."""
        now = self.clock()
        found = self.store.find(self._asked(who, query), now, query.limit, query.offset)
        self._write(who, query, found)
        return ndjson(self._entries(found, now))

    def get(self, who: Principal, push_id: str) -> dict[str, Any]:
        """One offer."""
        who.require(Permission.PUSHES)
        push = self._visible(who, push_id)
        if who.role in NEEDS_CONSENT and push.customer_id in self.customers.holdings.forbidding():
            raise NoConsentError(f"the customer of offer {push_id} forbids that tags and scores are made of him")
        self.customers.pulls.write(who, Pull("pushes/get", 1, customer_id=push.customer_id))
        return next(self._entries([push], self.clock()))

    def relief(self, who: Principal, query: PushesReliefQuery) -> dict[str, Any]:
        """What the newest publication would release at the nodes of the units the key sees."""
        who.require(Permission.PUSHES)
        holdings = self.applications.holdings
        return told_relief(holdings.workspace, self.store, holdings.territory(), self.orgs.halls(who, query.org_unit))

    def outcome(self, who: Principal, key: str, request: OutcomeRequest) -> dict[str, Any]:
        """What came of an offer; the same again under its key changes nothing and says so."""
        who.require(Permission.ANSWER)
        push, now = self._visible(who, request.push_id), self.clock()
        _require_sound(request.at, now)
        if max(push.adds_va) > 0:
            # What is accepted has to fit into the newest figures.
            self.applications.queue()
        told = request.model_dump(exclude={"push_id", "outcome", "at"})
        at = request.at.astimezone(UTC)
        try:
            made, new = take_outcome(
                self.engine, own_key(who, key), push.push_id, request.outcome, at, now, who.key_id, **told
            )
        except KeyReusedError as error:
            fault = FieldFault("Idempotency-Key", "used for another answer")
            raise KeyReusedError("another answer came under this key before", [fault]) from error
        if new and made.room == "freed":
            self.applications.queue().settle(now, who.key_id)
        names = {"push_id": made.push_id, "outcome": made.kind, "at": moment(made.at)}
        return names | {"repeated": not new, "room": made.room}

    def wish(self, who: Principal, customer_id: str) -> dict[str, Any]:
        """Whether a customer wants to be left alone, by the newest wish of any account of his."""
        who.require(Permission.PUSHES)
        self.customers.accounts.require_own(who, customer_id)
        self.customers.pulls.write(who, Pull("customers/do-not-contact", 1, customer_id=customer_id))
        return _wish(customer_id, self.store.wishes(self._accounts(customer_id)))

    def do_not_contact(self, who: Principal, customer_id: str, request: WishRequest) -> dict[str, Any]:
        """What a customer wishes from now on; saying again what stands changes nothing. What is open to whoever wants
        to be left alone is withdrawn."""
        who.require(Permission.ANSWER)
        self.customers.accounts.require_own(who, customer_id)
        now, accounts = self.clock(), self._accounts(customer_id)
        stands = self.store.wishes(accounts)
        if stands and stands[0].wish == request.wish:
            return _wish(customer_id, stands)
        made, freed = take_wish(self.engine, customer_id, accounts, request.wish, now, who.key_id, request.why)
        if freed:
            self.applications.queue().settle(now, who.key_id)
        return _wish(customer_id, [made])

    def _accounts(self, customer_id: str) -> Sequence[str]:
        """All accounts of the person a customer is."""
        return accounts_of(self.applications.holdings.lake, customer_id, pd.Timestamp(self.clock()))

    def _decided(
        self, who: Principal, key: str | None, request: DecideRequest, snapshot: "Snapshot", now: datetime
    ) -> DecidedNow:
        from serving.pushes.learning import serving_uplift

        holdings = self.applications.holdings
        try:
            return decide_now(
                holdings.workspace,
                self.engine,
                now,
                request.customer_ids,
                request.services,
                request.commit,
                key,
                who.key_id,
                snapshot,
                self.catalogue,
                self.policy,
                partial(serving_uplift, services=self.catalogue.codes),
                holdings.fingerprint(),
            )
        except KeyReusedError as error:
            fault = FieldFault("Idempotency-Key", "used for other offers")
            raise KeyReusedError("other offers were asked for under this key before", [fault]) from error
        except UnknownCustomerError as error:
            raise UnknownCustomerError(str(error), [FieldFault("customer_ids", str(error))]) from error

    def _require_known(self, who: Principal, customers: Sequence[str], services: Sequence[str] | None) -> None:
        """Refuse a customer or a service nobody knows, and a customer of another unit."""
        for place, one in enumerate(customers):
            self.customers.accounts.require_own(who, one, f"customer_ids.{place}")
        for place, code in enumerate(services or ()):
            require_service(self.catalogue, code, f"services.{place}")

    def _asked(self, who: Principal, query: PushesQuery) -> PushQuery:
        """What is asked for, within what the key may see; nothing of the kind is another thing than a wrong name."""
        who.require(Permission.PUSHES)
        if query.held_out:
            who.require(Permission.HELD_OUT)
        if query.customer_id is not None:
            self.customers.accounts.require_own(who, query.customer_id)
        if query.service is not None:
            require_service(self.catalogue, query.service, "service")
        if query.campaign is not None:
            require_campaign(self.catalogue, self.store, query.campaign)
        # Few were offered something and forbid it since; a statement takes no list of all who forbid it.
        without = self.store.offered_to(self.customers.holdings.forbidding()) if who.role in NEEDS_CONSENT else ()
        return PushQuery(
            state=query.state,
            halls=self.orgs.halls(who, query.org_unit),
            customer_id=query.customer_id,
            service=query.service,
            campaign=query.campaign,
            channel=query.channel,
            held_out=query.held_out,
            without=without,
        )

    def _visible(self, who: Principal, push_id: str) -> Push:
        """An offer the key may know of; a hold-out's is as unknown to others as one that never was."""
        message = f"offer {push_id} is unknown"
        try:
            push = self.store.get(push_id)
        except NotFoundError as error:
            raise UnknownPushError(message, [FieldFault("push_id", message)]) from error
        if not push.sent and not who.may(Permission.HELD_OUT):
            raise UnknownPushError(message, [FieldFault("push_id", message)])
        if not Scope.of(who, self.orgs.holdings.territory().parents).covers(push.hall_id):
            fault = FieldFault("push_id", "out of scope")
            raise OutOfScopeError(f"offer {push_id} is outside the org unit of this key", [fault])
        return push

    def _entries(self, found: Sequence[Push], now: datetime) -> Iterator[dict[str, Any]]:
        runs = self.store.runs_named({one.run_id for one in found})
        return (push_entry(one, runs[one.run_id], self.catalogue, now) for one in found)

    def _write(self, who: Principal, query: PushesQuery, found: Sequence[Push]) -> None:
        told = len({one.customer_id for one in found})
        pull = Pull("pushes", told, customer_id=query.customer_id, org_unit=query.org_unit)
        self.customers.pulls.write(who, pull)


def _require_sound(at: datetime, now: datetime) -> None:
    # At the ends of the calendar a moment has no other zone.
    if at.year < _FIRST_YEAR:
        raise BadFieldError.of("at", f"is before {_FIRST_YEAR}")
    if at.year > _LAST_YEAR or at > now + _AHEAD:
        raise BadFieldError.of("at", "lies ahead")


def own_key(who: Principal, key: str) -> str:
    """Two who hand something in under the same key mean different things by it."""
    return hashlib.sha256(f"{who.key_id} {key}".encode()).hexdigest()


def _wish(customer_id: str, wishes: Sequence[Wish]) -> dict[str, Any]:
    if not wishes:
        return {"customer_id": customer_id, "wish": False, "at": None, "by": None, "why": None}
    one = wishes[0]
    return {"customer_id": customer_id, "wish": one.wish, "at": moment(one.at), "by": one.made_by, "why": one.why}
