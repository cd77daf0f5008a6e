"""All that is answered about customers, in one hand: selections, tags and portraits, and inspections."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from serving.answers import Answers
from serving.customers.accounts import Accounts
from serving.customers.audit import Pulls
from serving.customers.holding import CustomerHoldings
from serving.customers.selecting import Selecting
from serving.customers.telling import Telling
from serving.customers.visits import Visits

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["CustomerDesk"]


class CustomerDesk:
    """The use cases of customers; each is behind a permission, a scope and the audit."""

    def __init__(self, answers: Answers, engine: Callable[[], "Engine"]) -> None:
        self.answers = answers
        self.holdings = CustomerHoldings(answers.holdings)
        self.accounts = Accounts(answers.holdings)
        self.pulls = Pulls(engine)
        self.selecting = Selecting(self.holdings, self.pulls)
        self.telling = Telling(self.holdings, engine, self.pulls, self._area)
        self.visits = Visits(answers.holdings, self.accounts)

    def _area(self, node_id: str) -> tuple[str | None, Mapping[str, Any]] | None:
        return self.answers.area(node_id)
