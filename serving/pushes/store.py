"""Offers in the state: asked for by where and how they stand; runs, outcomes, and wishes not to be contacted."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Engine, Select, and_, func, select, true

from features.errors import NotFoundError
from serving.decisions.pushes.codes import SENT
from serving.pushes.records import STATES, Outcome, Push, PushRun, Wish
from serving.pushes.rows import (
    as_outcome,
    as_push,
    as_run,
    as_wish,
    push_in,
    run_in,
    the_newest_wishes,
)
from serving.pushes.tables import do_not_contact, push, push_outcome, push_run
from serving.refusals import BadFieldError

__all__ = ["PushQuery", "PushStore"]

_AT_ONCE = 5000
"""A statement takes so many values."""


@dataclass(frozen=True)
class PushQuery:
    """Which offers are asked for; None asks for all. `state` is one of STATES or `all`. Hold-outs are shown only
    where `held_out` says so: nobody who speaks to customers is to know them. Nothing is told of accounts `without`."""

    state: str = "open"
    halls: Iterable[str] | None = None
    customer_id: str | None = None
    service: str | None = None
    campaign: str | None = None
    channel: str | None = None
    run_id: str | None = None
    held_out: bool = False
    without: Collection[str] = ()

    def where(self, now: datetime) -> ColumnElement[bool]:
        """The condition; BadFieldError for a state that does not exist."""
        one, wanted = push.c, [] if self.held_out else [push.c.reason == SENT]
        wanted += [] if self.halls is None else [one.hall_id.in_(sorted(set(self.halls)))]
        for name in ("customer_id", "service", "campaign", "channel", "run_id"):
            value = getattr(self, name)
            wanted += [] if value is None else [one[name] == value]
        wanted += [one.customer_id.not_in(sorted(self.without))] if self.without else []
        if self.state in ("open", "lapsed"):
            stands = one.expires_at > now if self.state == "open" else one.expires_at <= now
            wanted += [one.answer.is_(None), stands]
        elif self.state in STATES:
            wanted += [one.answer == self.state]
        elif self.state != "all":
            raise BadFieldError.of("state", f"is one of {', '.join((*STATES, 'all'))}")
        return and_(true(), *wanted)


class PushStore:
    """Offers on SQLite or PostgreSQL. What is written stays; of an offer only its answer and its reservation change."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def run(self, run_id: str) -> PushRun:
        """One run; NotFoundError where there is none of that id."""
        with self.engine.connect() as connection:
            found = run_in(connection, run_id)
        if found is None:
            raise NotFoundError(f"there is no run of offers {run_id!r}")
        return found

    def runs_named(self, run_ids: Collection[str]) -> dict[str, PushRun]:
        """Runs by their ids; those that are not there are left out."""
        query = select(push_run).where(push_run.c.run_id.in_(sorted(run_ids)))
        with self.engine.connect() as connection:
            return {str(row["run_id"]): as_run(row) for row in connection.execute(query).mappings()}

    def offered_to(self, customer_ids: Collection[str]) -> set[str]:
        """Those of some accounts to whom anything was ever offered."""
        wanted, found = sorted(customer_ids), set()
        with self.engine.connect() as connection:
            for first in range(0, len(wanted), _AT_ONCE):
                some = push.c.customer_id.in_(wanted[first : first + _AT_ONCE])
                found |= set(connection.execute(select(push.c.customer_id).where(some).distinct()).scalars())
        return found

    def runs(self, kind: str | None = "publish", limit: int | None = None) -> list[PushRun]:
        """Runs of a kind (None: all), newest first."""
        query = select(push_run).order_by(push_run.c.decided_at.desc(), push_run.c.run_id).limit(limit)
        query = query if kind is None else query.where(push_run.c.kind == kind)
        with self.engine.connect() as connection:
            return [as_run(row) for row in connection.execute(query).mappings()]

    def find(self, query: PushQuery, now: datetime, limit: int | None = 100, offset: int = 0) -> list[Push]:
        """Offers, newest first, those of a run in its order."""
        one = push.c
        asked: Select[Any] = select(push).where(query.where(now))
        asked = asked.order_by(one.decided_at.desc(), one.run_id, one.place).limit(limit).offset(offset)
        with self.engine.connect() as connection:
            return [as_push(row) for row in connection.execute(asked).mappings()]

    def count(self, query: PushQuery, now: datetime) -> int:
        """How many offers `find` would tell without a limit."""
        with self.engine.connect() as connection:
            asked = select(func.count()).select_from(push).where(query.where(now))
            return int(connection.execute(asked).scalar_one())

    def get(self, push_id: str) -> Push:
        """One offer, a hold-out's too; NotFoundError where there is none of that id."""
        with self.engine.connect() as connection:
            return push_in(connection, push_id)

    def outcomes(self, push_id: str) -> list[Outcome]:
        """What came of an offer, in the order in which it was told."""
        query = select(push_outcome).where(push_outcome.c.push_id == push_id).order_by(push_outcome.c.outcome_id)
        with self.engine.connect() as connection:
            return [as_outcome(row) for row in connection.execute(query).mappings()]

    def campaign(self, campaign: str, since: datetime | None = None, until: datetime | None = None) -> pd.DataFrame:
        """Every offer and would-be offer of a campaign, columns of table `push`, in the order they were decided in."""
        one, wanted = push.c, [push.c.campaign == campaign]
        wanted += [] if since is None else [one.decided_at >= since]
        wanted += [] if until is None else [one.decided_at < until]
        query = select(push).where(*wanted).order_by(one.decided_at, one.run_id, one.place)
        return self._frame(query)

    def has_campaign(self, name: str) -> bool:
        """Whether anybody was ever contacted in a campaign."""
        with self.engine.connect() as connection:
            query = select(push.c.push_id).where(push.c.campaign == name).limit(1)
            return connection.execute(query).first() is not None

    def campaigns(self) -> list[str]:
        """Every campaign somebody was contacted in, in order."""
        with self.engine.connect() as connection:
            query = select(push.c.campaign).distinct().order_by(push.c.campaign)
            return [str(one) for one in connection.execute(query).scalars()]

    def of_service(self, service: str, until: datetime) -> pd.DataFrame:
        """Every offer and would-be offer of a service decided up to a moment, as `campaign` tells them."""
        one = push.c
        query = select(push).where((one.service == service) & (one.decided_at <= until))
        return self._frame(query.order_by(one.decided_at, one.run_id, one.place))

    def outcomes_of(self, campaign: str) -> pd.DataFrame:
        """Every outcome of a campaign's offers, columns of table `push_outcome`, in the order they were told."""
        query = select(push_outcome).join(push, push.c.push_id == push_outcome.c.push_id)
        return self._frame(query.where(push.c.campaign == campaign).order_by(push_outcome.c.outcome_id))

    def wishes(self, customer_ids: Collection[str]) -> list[Wish]:
        """All wishes of some accounts, newest first."""
        wish = do_not_contact.c
        query = select(do_not_contact).where(wish.customer_id.in_(sorted(customer_ids)))
        with self.engine.connect() as connection:
            rows = connection.execute(query.order_by(wish.at.desc(), wish.wish_id.desc())).mappings()
            return [as_wish(row) for row in rows]

    def newest_wishes(self) -> list[Wish]:
        """The newest wish of every account that ever had one, the latest last."""
        with self.engine.connect() as connection:
            return the_newest_wishes(connection)

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        with self.engine.connect() as connection:
            found = connection.execute(query)
            return pd.DataFrame.from_records(found.all(), columns=list(found.keys()))
