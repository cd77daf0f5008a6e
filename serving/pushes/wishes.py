"""Who wants to be left alone: the wish is written down, and what was offered to him is taken back with it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, or_, select

from serving.ledger import Ledger
from serving.ledger.lapsing import lapse_in
from serving.pushes.outcomes import withdraw
from serving.pushes.records import Push, Wish
from serving.pushes.rows import as_push, as_wish
from serving.pushes.tables import do_not_contact, push

__all__ = ["take_wish"]


def take_wish(
    engine: Engine,
    customer_id: str,
    accounts: Collection[str],
    wish: bool,
    now: datetime,
    by: str,
    why: str | None = None,
) -> tuple[Wish, bool]:
    """Write down that a customer does not want to be contacted, or that this is over; and whether room came free.

    Whatever was offered to any of the `accounts` of the person and is still open is withdrawn, so that no list sends
    it; would-be offers of hold-outs too, so that both parts of a comparison stay alike.
    """
    values = {"customer_id": customer_id, "wish": wish, "at": now, "made_by": by, "why": why}
    with Ledger(engine).transaction(whole=True) as connection:
        row = connection.execute(insert(do_not_contact).values(values).returning(*do_not_contact.c)).mappings().one()
        made = as_wish(row)
        if not wish:
            return made, False
        lapse_in(connection, now)
        offers = _open_in(connection, accounts, now)
        freed = [withdraw(connection, one, f"wish {made.wish_id} {one.push_id}", now, by) for one in offers]
    return made, "freed" in freed


def _open_in(connection: Connection, accounts: Collection[str], now: datetime) -> list[Push]:
    """What is open to a person, by whichever account, in the order in which it was offered."""
    one, mine = push.c, sorted(accounts)
    theirs = or_(one.person_id.in_(mine), one.customer_id.in_(mine))
    query = select(push).where(theirs, one.answer.is_(None), one.expires_at > now)
    rows = connection.execute(query.order_by(one.decided_at, one.push_id)).mappings()
    return [as_push(row) for row in rows.all()]
