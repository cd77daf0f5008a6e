"""A little network with known peaks: one substation, two feeders tied to each other, four areas."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.frames import as_contract, empty_frame
from serving.decisions.capacity import open_capacity
from serving.decisions.limits import node_limits, valid_at
from serving.decisions.policy import CapacityPolicy
from training.peak.kappa import Kappa
from training.peak.peaks import Peaks

NOW = pd.Timestamp("2025-01-01", tz="UTC")
SINCE = pd.Timestamp("2020-01-01", tz="UTC")
PARENTS = {"A1": "F1", "A2": "F1", "A3": "F2", "A4": "F2", "F1": "S", "F2": "S", "S": None}
KINDS = {"A": "area", "F": "feeder", "S": "substation"}
PEAK_KW = {"A1": 100.0, "A2": 150.0, "A3": 60.0, "A4": 200.0, "F1": 240.0, "F2": 250.0, "S": 480.0}
RATING_KVA = {"A1": 250.0, "A2": 315.0, "A3": 160.0, "A4": 400.0, "F1": 800.0, "F2": 900.0}


def frame_of(table: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows of a contract; columns not given are empty, validity is open from 2020."""
    contract = CONTRACTS[table]
    blank: dict[str, object] = dict.fromkeys(contract.columns)
    common = {"valid_from": SINCE, "valid_to": pd.NaT, "available_at": SINCE}
    if not rows:
        return empty_frame(contract)
    frame = pd.DataFrame([blank | common | row for row in rows])
    for field in contract.fields:
        if field.kind == "utc":
            frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
    return as_contract(contract, frame)


@dataclass(frozen=True)
class Case:
    """Inputs of one decision."""

    nodes: pd.DataFrame
    transformers: pd.DataFrame
    segments: pd.DataFrame
    ties: pd.DataFrame
    peaks: Peaks
    kappas: dict[str, Kappa]
    policy: CapacityPolicy
    now: pd.Timestamp = NOW

    def limits(self) -> pd.DataFrame:
        tables = [valid_at(one, self.now) for one in (self.transformers, self.segments, self.ties)]
        return node_limits(self.nodes, *tables, peak_kva=PEAK_KW)

    def answer(self) -> pd.DataFrame:
        table = open_capacity(self.nodes, self.limits(), self.peaks, self.kappas, self.policy, self.now)
        return table.set_index("node_id")

    def with_rating(self, transformer: str, kva: float) -> "Case":
        table = self.transformers.copy()
        table.loc[table["transformer_id"] == transformer, "rating_kva"] = kva
        return replace(self, transformers=table)

    def with_node(self, node: str, **values: object) -> "Case":
        nodes = self.nodes.copy()
        for name, value in values.items():
            nodes.loc[node, name] = value
        return replace(self, nodes=nodes)

    def with_fact(self, node: str, **values: object) -> "Case":
        facts = self.peaks.facts.copy()
        for name, value in values.items():
            facts.loc[node, name] = value
        return replace(self, peaks=replace(self.peaks, facts=facts))

    def with_load(self, node: str, kw: float, pending_kw: float = 0.0) -> "Case":
        row = list(self.peaks.facts.index).index(node)
        base, load = self.peaks.base_kw.copy(), self.peaks.load_kw.copy()
        base[row], load[row] = scenarios(kw), scenarios(kw + pending_kw)
        return replace(self, peaks=replace(self.peaks, base_kw=base, load_kw=load))


def scenarios(kw: float) -> np.ndarray:
    """[horizon, scenario, block]: the evening (block 4) at `kw`, the other blocks at a half."""
    shape = np.array([0.5, 0.5, 0.5, 0.5, 1.0, 0.5])
    return np.broadcast_to(kw * shape, (1, 10, 6)).copy()


def build_case() -> Case:
    ids = sorted(PARENTS)
    rows = [
        {
            "node_id": node,
            "name": node,
            "kind": KINDS[node[0]],
            "parent_id": PARENTS[node],
            "power_factor": 1.0,
            "allowed_utilisation": 0.8,
            "rating_kva": RATING_KVA[node] if node[0] == "F" else None,
            "rating_assumed": False,
        }
        for node in ids
    ]
    transformers = [
        {"transformer_id": f"{a}-T1", "node_id": a, "rating_kva": RATING_KVA[a], "phases": 3}
        for a in ids
        if a[0] == "A"
    ]
    transformers += [{"transformer_id": f"S-T{k}", "node_id": "S", "rating_kva": 1000.0, "phases": 3} for k in (1, 2)]
    tie = {"tie_id": "T1", "feeder_a_id": "F1", "feeder_b_id": "F2", "transfer_limit_kva": 100.0}
    load = np.stack([scenarios(PEAK_KW[node]) for node in ids])
    facts = pd.DataFrame(
        {
            "kind": [KINDS[node[0]] for node in ids],
            "known_days": 1500,
            "last_day": NOW.tz_convert(None).normalize() - pd.Timedelta(days=1),
            "recent_share": 1.0,
            "enough": True,
            "summed": False,
            "stepped_on": pd.NaT,
            "step_factor": np.nan,
        },
        index=pd.Index(ids, name="node_id"),
    )
    peaks = Peaks(NOW, (365,), load, load.copy(), np.ones((len(ids), 10)), facts)
    kappas = {kind: Kappa(1.2, "three earlier origins", 3.0) for kind in KINDS.values()}
    return Case(
        frame_of("node", rows).set_index("node_id"),
        frame_of("transformer", transformers),
        frame_of("line_segment", []),
        frame_of("tie", [tie]),
        peaks,
        kappas,
        CapacityPolicy(),
    )


@pytest.fixture
def case() -> Case:
    return build_case()


@pytest.fixture(scope="session")
def make_frame():
    return frame_of


@pytest.fixture(scope="session")
def make_case():
    return build_case
