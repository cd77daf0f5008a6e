"""The area of every customer: what systems say, and what voltages and use tell where they differ."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT
from features.frames import each_row
from features.reconcile.comovement import Series, log_likelihood, logs_of_use
from features.reconcile.ledgers import Ledgers
from features.reconcile.matching import Matched
from features.reconcile.policy import ReconcilePolicy
from features.reconcile.readings import Readings
from features.reconcile.votes import AGREED_SCORE, Dispute, Outcome, Parent, decided, spoken, votes

__all__ = ["parents_of_customers"]


def parents_of_customers(
    ledgers: Ledgers, matched: Matched, feeder_of: Mapping[str, str], readings: Readings, policy: ReconcilePolicy
) -> Outcome:
    """The area of every customer that any system places on a known one; `feeder_of` names the feeder of areas."""
    says = ledgers.customer_says
    says = says.assign(parent=says["parent"].map(matched.node)).dropna(subset=["parent"])
    named = says.groupby("customer_id")["parent"].nunique()
    clear = says[says["customer_id"].map(named) == 1]
    found = _agreed_customers(clear)
    split = {str(customer): part for customer, part in says[says["customer_id"].map(named) > 1].groupby("customer_id")}
    disputes = [Dispute(customer, spoken(said), _twice(said)) for customer, said in split.items()]
    held = {parent.child: parent.parent for parent in found}
    return found + _Customers(ledgers, held, feeder_of, readings, policy).decide(split), disputes


def _twice(said: pd.DataFrame) -> str | None:
    """The system that has one meter on two areas, if any."""
    count = said.groupby(["system", "child"], observed=True)["parent"].nunique()
    double = count[count > 1].reset_index()["system"]
    return None if double.empty else str(double.iloc[0])


def _agreed_customers(clear: pd.DataFrame) -> list[Parent]:
    by = clear.groupby("customer_id", sort=True)
    # Marketing's account is the customer; when it came to the area is for marketing to say, where it says anything.
    since = clear[clear["system"] == "marketing"].groupby("customer_id")["valid_from"].min()
    frame = pd.DataFrame(
        {
            "parent": by["parent"].first(),
            "systems": by["system"].nunique(),
            "since": since.reindex(by["valid_from"].min().index).fillna(by["valid_from"].min()),
            "known": by[AVAILABLE_AT].max(),
            "spoken": by["system"].agg(lambda part: " ".join(sorted(set(part)))),
        }
    )
    return [
        Parent(
            child=str(customer),
            parent=row.parent,
            score=AGREED_SCORE.get(row.systems, 0.999),
            method="agreed" if row.systems > 1 else "ledger",
            says={system: [row.parent] for system in row.spoken.split()},
            valid_from=row.since,
            available_at=row.known,
        )
        for customer, row in zip(frame.index, each_row(frame), strict=True)
    ]


class _Customers:
    """Customers whose systems differ: decided by voltage where there is any, else by daily use, else by vote."""

    def __init__(
        self,
        ledgers: Ledgers,
        held: Mapping[str, str],
        feeder_of: Mapping[str, str],
        readings: Readings,
        policy: ReconcilePolicy,
    ) -> None:
        self.ledgers, self.held, self.feeder_of = ledgers, held, feeder_of
        self.readings, self.policy = readings, policy

    def decide(self, split: Mapping[str, pd.DataFrame]) -> list[Parent]:
        """The parent of each."""
        if not split:
            return []
        odds = {customer: votes(said, self.policy) for customer, said in split.items()}
        areas = sorted(self._candidates({parent for one in odds.values() for parent in one}))
        voted = {customer: max(sorted(one), key=lambda parent: one[parent]) for customer, one in odds.items()}
        near = set(areas)
        belief = {customer: area for customer, area in {**self.held, **voted}.items() if area in near}
        meters = self.ledgers.meter_of_customer
        belief = {customer: area for customer, area in belief.items() if customer in meters.index}
        voltage = self._measured(belief, areas, "voltage")
        use = {} if set(split) <= set(voltage) else self._measured(belief, areas, "use")
        found = []
        for customer, said in split.items():
            method = "voltage" if customer in voltage else "load"
            measured = voltage.get(customer) or use.get(customer)
            found.append(decided(customer, said, odds[customer], measured, method, self.policy, self.readings.known_at))
        return found

    def _candidates(self, named: set[str]) -> set[str]:
        """The areas that are named, and all others of their feeders: every system may be wrong."""
        feeders = {self.feeder_of.get(area) for area in named} - {None}
        return named | {area for area, feeder in self.feeder_of.items() if feeder in feeders}

    def _measured(self, belief: Mapping[str, str], areas: list[str], kind: str) -> dict[str, dict[str, float]]:
        """Log likelihood of every candidate, by customer, for those with enough readings."""
        customers = sorted(belief)
        meters = self.ledgers.meter_of_customer.reindex(customers).tolist()
        rules = self.policy.comovement
        if kind == "voltage":
            series, own = self.readings.voltages(meters, areas, rules.days)
            least, group = rules.least_hours, [self.feeder_of.get(belief[one], "") for one in customers]
        else:
            kwh, kw = self.readings.use(meters, areas, rules.use_days)
            series, own, least, group = logs_of_use(kwh), logs_of_use(kw), rules.least_days, self._classes(customers)
        if series.shape[1] < least:
            return {}
        place = {area: column for column, area in enumerate(areas)}
        held = np.array([place[belief[one]] for one in customers])
        feeder = np.array([self.feeder_of.get(area, area) for area in areas])
        candidates = feeder[held][:, None] == feeder[None, :]
        likely = log_likelihood(
            Series.of(series, own, held, pd.factorize(np.array(group))[0], self._phases(meters)), candidates
        )
        enough = (~np.isnan(series)).sum(axis=1) >= least
        return {
            one: {areas[c]: float(likely[row, c]) for c in np.flatnonzero(np.isfinite(likely[row]))}
            for row, one in enumerate(customers)
            if enough[row]
        }

    def _classes(self, customers: list[str]) -> list[str]:
        rows = self.ledgers.frames["ledger_customer"].drop_duplicates("customer_id", keep="last")
        return rows.set_index("customer_id")["customer_class"].astype("str").reindex(customers).fillna("").tolist()

    def _phases(self, meters: list[str]) -> np.ndarray:
        rows = self.ledgers.frames["meter"].drop_duplicates("meter_id", keep="last").set_index("meter_id")["phase"]
        return rows.reindex(meters).map({"A": 0, "B": 1, "C": 2}).fillna(-1).to_numpy(dtype=int)
