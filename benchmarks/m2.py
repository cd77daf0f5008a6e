"""M2: offers that add load against the room there is, and what relief frees per contact, in five demo territories.

Each territory as it stands a year before its data ends (`benchmarks.demo_offers`); what is freed is counted by what
customers drew in the year after (`benchmarks.offers_truth`). Against relief stands an eligible offer that is drawn: of
all pairs of a customer in a constrained area and a service that frees load there in the binding hours, which pass
eligibility, consent and room and have a channel; and one of all services. SEED names one territory alone.
"""

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.demo_offers import Standing, config_of, stand
from benchmarks.offers_truth import drawn_kw, true_acceptance
from benchmarks.result import Bars, Measured, run, seed
from features.configs import config_path
from features.demo import simulate
from features.settings import load_settings
from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.decide import decide
from serving.decisions.pushes.own import own_kw
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.reach import NOWHERE
from serving.decisions.pushes.records import ADDS_VA, FORMER_COLUMNS, HELD_VA, Scores
from serving.decisions.pushes.relief import find_constrained, relief_node
from serving.decisions.pushes.weigh import Pairs, weigh
from training.peak import ConnectionPolicy

SEEDS = (0, 1, 2, 3, 4)
PROCESSES = 2
BAR: Bars = {
    "closed_share_without_rule": [(">=", 0.10)],
    "closed_offers_with_rule": [("<=", 0)],
    "overdrawn_nodes_with_rule": [("<=", 0)],
    "freed_times_drawn": [(">=", 3.0)],
}


def main() -> None:
    run("M2", measure, BAR)


def measure() -> Measured:
    """Means over the seeds, but counts of what must never be, which are sums; the least and the most beside them."""
    if os.environ.get("SEED"):
        rows = [of_seed(seed(0))]
    else:
        with ProcessPoolExecutor(PROCESSES) as pool:
            rows = list(pool.map(of_seed, SEEDS))
    table = pd.DataFrame(rows)
    metrics = {str(name): float(value) for name, value in table.mean().items()}
    for name in ("closed_offers_with_rule", "overdrawn_nodes_with_rule"):
        metrics[name] = float(table[name].sum())
    metrics["closed_share_least"] = float(table["closed_share_without_rule"].min())
    metrics["freed_times_least"] = float(table["freed_times_drawn"].min())
    return metrics, {"by_seed": table.round(4).to_dict("records")}


def of_seed(number: int) -> dict[str, float]:
    """One territory."""
    policy = load_settings(PushPolicy, config_path("policy/pushes.yaml"))
    with tempfile.TemporaryDirectory() as place:
        return judged(stand(simulate(config_of(number)), Path(place), policy), policy, number)


def judged(standing: Standing, policy: PushPolicy, number: int) -> dict[str, float]:
    """Both decisions of a territory, counted by its truth."""
    catalogue = load_settings(Catalogue, config_path("services.yaml"))
    profiles = load_settings(ConnectionPolicy, config_path("policy/connections.yaml")).profile
    own = own_kw(standing.wide, profiles)
    former = pd.DataFrame(columns=list(FORMER_COLUMNS))

    def decided(rule: bool) -> pd.DataFrame:
        told = (catalogue, policy, standing.wide, standing.people, own, former, standing.grid, Scores())
        return decide(f"m2-{number}", *told, standing.moment, capacity_rule=rule).contacts

    loose, kept = decided(False), decided(True)
    closed = closed_offers(loose, standing)
    pairs = weigh(catalogue, policy, standing.wide, standing.people, own, Scores(), standing.moment).pairs
    return {
        "closed_share_without_rule": float(closed.sum() / max((loose[list(ADDS_VA)] > 0).any(axis=1).sum(), 1)),
        "closed_offers_with_rule": float(closed_offers(kept, standing).sum()),
        "overdrawn_nodes_with_rule": float(overdrawn(kept, standing)),
        "contacts": float(len(kept)),
        **freed(kept, pairs, standing, policy, catalogue, number),
    }


def _left(standing: Standing) -> dict[str, np.ndarray]:
    """What is left at every node beside the queue, VA [block]."""
    left = {node: np.array(va, dtype=float) for node, va in standing.grid.left_va.items()}
    for one in standing.grid.waiting:
        for node in standing.grid.paths.get(one.node_id, ()):
            left[node] -= np.array(one.va, dtype=float)
    return left


def closed_offers(contacts: pd.DataFrame, standing: Standing) -> np.ndarray:
    """Mask of the offers that need more, in a block in which they add, than is left or known at a node above them."""
    adds = contacts[list(ADDS_VA)].to_numpy(dtype=float)
    return ~_fits(adds, contacts["area_id"].tolist(), standing)


def _fits(adds_va: np.ndarray, areas: list[str], standing: Standing) -> np.ndarray:
    left = _left(standing)
    found = np.ones(len(adds_va), dtype=bool)
    for at, area in enumerate(areas):
        needs = adds_va[at] > 0
        path = standing.grid.paths.get(area, ())
        if needs.any():
            found[at] = bool(path) and all((left[node][needs] >= adds_va[at][needs]).all() for node in path)
    return found


def overdrawn(contacts: pd.DataFrame, standing: Standing) -> int:
    """Nodes and blocks at which the offers together hold more than is left, if they hold anything."""
    left, held = _left(standing), {node: np.zeros(6) for node in standing.grid.left_va}
    for area, va in zip(contacts["area_id"], contacts[list(HELD_VA)].to_numpy(dtype=float), strict=True):
        for node in standing.grid.paths[area]:
            held[node] += va
    return sum(int(((va > 0) & ~(va <= left[node])).sum()) for node, va in held.items())


def freed(
    contacts: pd.DataFrame,
    pairs: Pairs,
    standing: Standing,
    policy: PushPolicy,
    catalogue: Catalogue,
    number: int,
) -> dict[str, float]:
    """kW freed per contact of relief, and of an offer that is drawn."""
    pool = _pool(pairs, standing, policy)
    truth = _truth(pool, pairs, standing, catalogue, number)
    relief = contacts[contacts["relief_node_id"].notna()]
    key = pd.MultiIndex.from_arrays(
        [standing.wide.customer_ids[pairs.row[pool["pair"]]], _codes(pairs, pool, catalogue)]
    )
    chosen = key.get_indexer(pd.MultiIndex.from_frame(relief[["customer_id", "service"]]))
    frees = pool["frees"].to_numpy()
    drawn, any_service = float(truth[frees].mean()), float(truth.mean())
    by_us = float(truth[chosen].mean()) if len(chosen) else float("nan")
    expected = (relief["propensity"] * relief["freed_kw"]).sum()
    return {
        "freed_kw_per_contact": by_us,
        "freed_kw_drawn": drawn,
        "freed_times_drawn": by_us / drawn,
        "freed_times_any": by_us / any_service,
        "freed_said_over_true": float(expected / truth[chosen].sum()),
        "relief_contacts": float(len(relief)),
        "relief_nodes": float(relief["relief_node_id"].nunique()),
        "pool": float(frees.sum()),
        "freed_times_best": float(np.sort(truth[frees])[::-1][: max(len(relief), 1)].mean() / drawn),
    }


def _pool(pairs: Pairs, standing: Standing, policy: PushPolicy) -> pd.DataFrame:
    """Pairs that may be drawn: `pair` (place among all), the constrained `node` above and its `block`, and whether the
    service `frees` load in it."""
    constrained = find_constrained(standing.grid, policy)
    texts = standing.wide.texts["area_id"]
    area = np.array([*texts.values, None], dtype=object)[texts.codes[pairs.row]]
    node = relief_node(list(area), constrained, standing.grid)
    those = np.flatnonzero((node >= 0) & (pairs.channel != NOWHERE))
    adds = np.ceil(np.maximum(pairs.firm_kw[those], 0) / policy.power_factor * 1000)
    block = constrained["block"].to_numpy()[node[those]]
    frees = pairs.firm_kw[those, block] < 0
    fits = _fits(adds, list(area[those]), standing)
    names = constrained["node_id"].to_numpy(dtype=object)[node[those]]
    frame = pd.DataFrame({"pair": those, "node": names, "block": block, "frees": frees})
    return frame[fits].reset_index(drop=True)


def _codes(pairs: Pairs, pool: pd.DataFrame, catalogue: Catalogue) -> np.ndarray:
    return np.array(catalogue.codes, dtype=object)[pairs.service[pool["pair"]]]


def _truth(pool: pd.DataFrame, pairs: Pairs, standing: Standing, catalogue: Catalogue, number: int) -> np.ndarray:
    """kW each offer of the pool frees in truth, its acceptance counted."""
    row, service = pairs.row[pool["pair"]], pairs.service[pool["pair"]]
    own, block = np.zeros(len(pool)), pool["block"].to_numpy()
    for node, part in pool.groupby("node"):
        own[part.index] = drawn_kw(standing, row[part.index], str(node), int(block[part.index[0]]))
    found = np.zeros(len(pool))
    for place, one in enumerate(catalogue.services):
        those = np.flatnonzero(service == place)
        kw, share = (np.array(values)[block[those]] for values in (one.load.kw, one.load.own_share))
        customers = standing.wide.customer_ids[row[those]]
        accepts = true_acceptance(pairs.propensity[pool["pair"].to_numpy()[those]], customers, one.code, number)
        found[those] = np.maximum(-(kw + share * own[those]), 0.0) * accepts
    return found


if __name__ == "__main__":
    main()
