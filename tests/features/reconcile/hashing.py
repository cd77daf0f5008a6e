"""Matches of ledgers in which many customers hang on the same areas, for a process of its own to tell."""

from features.reconcile.ledgers import Ledgers
from features.reconcile.matching import match_equipment
from features.reconcile.policy import ReconcilePolicy
from features.reconcile.rows import framed
from tests.features.reconcile.conftest import NOW, account, link, meter, record


def matches() -> dict[str, tuple[str, float]]:
    """Node and score of every record; a customer of each area is on its neighbour by one system."""
    nodes, links, accounts, meters = [], [], [], []
    for area in range(1, 5):
        nodes += [
            record("collection", f"A{area}", "area", f"甲{area}#01台变"),
            record("topology", f"g{area}", "transformer", f"乙{area}1号公变"),
        ]
        for i in range(40):
            name = f"{area}{i:02d}"
            accounts.append(account(f"K{name}"))
            meters.append(meter(f"M{name}", f"K{name}"))
            other = 1 + area % 4 if i == 0 else area
            links.append(link("topology", ("customer", f"K{name}"), ("transformer", f"g{area}")))
            links.append(link("collection", ("meter", f"M{name}"), ("area", f"A{other}")))
    tables = {"ledger_node": nodes, "ledger_link": links, "ledger_customer": accounts, "meter": meters}
    made = Ledgers.of(NOW, **{name: framed(name, rows) for name, rows in tables.items()})
    found = match_equipment(made, ReconcilePolicy())
    return {name: (match.node_id, match.score) for name, match in sorted(found.of.items())}
