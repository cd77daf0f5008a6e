"""AC power flow of a switched network, many switchings and loads in one batch, and by how much limits are broken."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.decisions.transfer.network import SwitchedNetwork, owners
from serving.decisions.transfer.policy import TransferPolicy

if TYPE_CHECKING:
    from power_grid_model import PowerGridModel

__all__ = ["Excess", "Flow", "Solver", "excess_of", "flow_as_built", "touched_feeders"]

_STIFF_VA = 1e14  # short-circuit power where feeders begin: the set point is held there
_NO_OHM = 1e-7  # a closed switch; the solver needs some impedance
_CELLS = 500_000  # cases times branches of a batch: what is held in memory at once
_WANTED = {"node": ["u_pu"], "line": ["p_from", "p_to", "s_from", "s_to"], "source": ["s"]}


@dataclass(frozen=True)
class Flow:
    """Of every case: voltage per unit [case, point], what branches carry at their fuller end and what sources give,
    kVA [case, branch] and [case, source], and losses, kW [case]. A case without a solution is not `solved`: its
    voltages are zero, its losses infinite."""

    voltage_pu: np.ndarray
    carried_kva: np.ndarray
    head_kva: np.ndarray
    losses_kw: np.ndarray
    solved: np.ndarray


@dataclass(frozen=True)
class Excess:
    """By how much each kind of limit is broken, as a share of the limit [case]; none is above zero where all hold.

    `voltage` is what the lowest point lacks of the lowest voltage allowed, `branch` and `head` are what the fullest
    carries beyond its limit, `station` what the fullest station gives beyond its own; `point`, `of_branch`, `source`,
    `of_station` int [case] are which these are.
    """

    voltage: np.ndarray
    branch: np.ndarray
    head: np.ndarray
    station: np.ndarray
    point: np.ndarray
    of_branch: np.ndarray
    source: np.ndarray
    of_station: np.ndarray

    @property
    def worst(self) -> np.ndarray:
        """The largest of the four [case]."""
        found: np.ndarray = np.max([self.voltage, self.branch, self.head, self.station], axis=0)
        return found


class Solver:
    """Power flow of one network under any switching; balanced, loads of constant power."""

    def __init__(self, network: SwitchedNetwork, source_pu: float) -> None:
        self._network = network
        self._model, self._line_ids, self._load_ids = _model(network, source_pu)

    def flow(self, closed: np.ndarray, p_kw: np.ndarray, q_kvar: np.ndarray) -> Flow:
        """The flow with branches `closed` [case, branch] and loads `p_kw`, `q_kvar` [case, point] or [point]."""
        each = max(_CELLS // max(len(self._line_ids), 1), 1)
        loads = [np.broadcast_to(one, (len(closed), len(self._load_ids))) for one in (p_kw, q_kvar)]
        parts = [
            self._part(closed[first : first + each], *(one[first : first + each] for one in loads))
            for first in range(0, max(len(closed), 1), each)
        ]
        if len(parts) == 1:
            return parts[0]
        return Flow(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Flow)))

    def _part(self, closed: np.ndarray, p_kw: np.ndarray, q_kvar: np.ndarray) -> Flow:
        from power_grid_model import initialize_array

        line = initialize_array("update", "line", closed.shape)
        line["id"] = self._line_ids
        line["from_status"] = line["to_status"] = closed
        load = initialize_array("update", "sym_load", p_kw.shape)
        load["id"] = self._load_ids
        load["p_specified"], load["q_specified"] = p_kw * 1e3, q_kvar * 1e3
        found = self._model.calculate_power_flow(
            update_data={"line": line, "sym_load": load}, output_component_types=_WANTED, continue_on_batch_error=True
        )
        solved = np.ones(len(closed), dtype=bool)
        if self._model.batch_error is not None:
            solved[self._model.batch_error.failed_scenarios] = False
        return _read(found, solved)


def flow_as_built(network: SwitchedNetwork, source_pu: float) -> Flow:
    """The flow of the network as it stands, of one case: a model of the closed branches alone, by iterated currents.

    Neither the model nor the method is what the search used: what it found is confirmed by this.
    """
    from power_grid_model import CalculationMethod
    from power_grid_model.errors import PowerGridError

    kept = np.flatnonzero(network.closed)
    model = _model(_only(network, kept), source_pu)[0]
    try:
        found = model.calculate_power_flow(
            output_component_types=_WANTED, calculation_method=CalculationMethod.iterative_current, max_iterations=200
        )
    except PowerGridError:
        count = (len(network.points), len(network.branches), len(network.sources))
        dead, none, heads = (np.zeros((1, one)) for one in count)
        return Flow(dead, none, heads, np.full(1, np.inf), np.zeros(1, dtype=bool))
    one = {name: {key: values[None, :] for key, values in table.items()} for name, table in found.items()}
    flow = _read(one, np.ones(1, dtype=bool))
    carried = np.zeros((1, len(network.branches)))
    carried[:, kept] = flow.carried_kva
    return Flow(flow.voltage_pu, carried, flow.head_kva, flow.losses_kw, flow.solved)


def excess_of(
    network: SwitchedNetwork,
    flow: Flow,
    closed: np.ndarray,
    added: np.ndarray,
    policy: TransferPolicy,
    feeders: np.ndarray | None = None,
) -> Excess:
    """By how much limits are broken on the feeders that a switching or an addition touches.

    A feeder that carries what it carried, the way it did, is judged by none of the cases: what is wrong with it was so
    before. `closed` [case, branch] are the cases of `flow`, `added` bool [point] the points that get more load. Where
    `feeders` bool [source] are given the others are judged by none, either.
    """
    fed = owners(network, closed)
    touched = touched_feeders(network, closed, fed, added)
    if feeders is not None:
        touched &= feeders
    of_point = np.take_along_axis(touched, np.maximum(fed, 0), axis=1) | (fed < 0)
    of_branch = of_point[:, network.start] & closed
    low = np.where(of_point, (policy.low_pu - flow.voltage_pu) / policy.low_pu, -np.inf)
    branch = np.where(of_branch, _beyond(flow.carried_kva, network.limit_kva), -np.inf)
    head = np.where(touched, _beyond(flow.head_kva, network.head_kva), -np.inf)
    low[~flow.solved] = np.inf
    kinds = (low, branch, head, _of_stations(network, flow, touched))
    return Excess(*(one.max(axis=1) for one in kinds), *(one.argmax(axis=1) for one in kinds))


def _of_stations(network: SwitchedNetwork, flow: Flow, touched: np.ndarray) -> np.ndarray:
    """Share of its limit that each station gives beyond it [case, station]; one column of none where none is known."""
    if not network.stations:
        return np.full((len(touched), 1), -np.inf)
    of = network.station_of[:, None] == np.arange(len(network.stations))
    found: np.ndarray = np.where(touched @ of, _beyond(flow.head_kva @ of, network.station_kva), -np.inf)
    return found


def touched_feeders(network: SwitchedNetwork, closed: np.ndarray, fed: np.ndarray, added: np.ndarray) -> np.ndarray:
    """Bool [case, source]: the feeder has other points or branches than it had, or one of its points gets more."""
    before = owners(network, network.closed[None, :])[0]
    case, branch = np.nonzero(closed != network.closed)
    touched = np.zeros((len(closed), len(network.sources)), dtype=bool)
    for ends in (network.start[branch], network.end[branch]):
        for source in (fed[case, ends], before[ends]):
            known = source >= 0
            touched[case[known], source[known]] = True
    for source in range(len(network.sources)):
        touched[:, source] |= (fed[:, added] == source).any(axis=1)
    return touched


def _beyond(carried: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Share of the limit that is carried beyond it; what must carry nothing is broken by anything at all."""
    return np.where(limit > 0, carried / np.where(limit > 0, limit, 1.0) - 1, np.where(carried > 1e-3, np.inf, 0.0))


def _only(network: SwitchedNetwork, kept: np.ndarray) -> SwitchedNetwork:
    names = ("start", "end", "r_ohm", "x_ohm", "limit_kva", "switchable", "closed")
    taken = {name: getattr(network, name)[kept] for name in names}
    return replace(network, branches=tuple(network.branches[one] for one in kept.tolist()), **taken)


def _read(found: dict[str, Any], solved: np.ndarray) -> Flow:
    def of(component: str, attribute: str) -> np.ndarray:
        # What the solver leaves of a case without a solution are no numbers.
        values: np.ndarray = np.where(solved[:, None], found[component][attribute], 0.0)
        return values

    losses = (of("line", "p_from") + of("line", "p_to")).sum(axis=1) / 1e3
    return Flow(
        voltage_pu=of("node", "u_pu"),
        carried_kva=np.maximum(of("line", "s_from"), of("line", "s_to")) / 1e3,
        head_kva=of("source", "s") / 1e3,
        losses_kw=np.where(solved, losses, np.inf),
        solved=solved,
    )


def _model(network: SwitchedNetwork, source_pu: float) -> tuple["PowerGridModel", np.ndarray, np.ndarray]:
    """The network as the solver knows it, and the ids of its lines and loads."""
    from power_grid_model import LoadGenType, PowerGridModel, initialize_array

    points, branches, sources = len(network.points), len(network.branches), len(network.sources)
    node = initialize_array("input", "node", points)
    node["id"], node["u_rated"] = np.arange(points), 1000 * network.nominal_kv
    line = initialize_array("input", "line", branches)
    line["id"] = points + np.arange(branches)
    line["from_node"], line["to_node"] = network.start, network.end
    line["from_status"] = line["to_status"] = network.closed
    line["r1"], line["x1"] = np.maximum(network.r_ohm, _NO_OHM), network.x_ohm
    line["c1"] = line["tan1"] = 0.0
    load = initialize_array("input", "sym_load", points)
    load["id"], load["node"], load["status"] = points + branches + np.arange(points), np.arange(points), 1
    load["type"] = LoadGenType.const_power
    load["p_specified"], load["q_specified"] = network.p_kw * 1e3, network.q_kvar * 1e3
    source = initialize_array("input", "source", sources)
    source["id"], source["node"] = 2 * points + branches + np.arange(sources), network.sources
    source["status"], source["u_ref"], source["sk"] = 1, source_pu, _STIFF_VA
    model = PowerGridModel({"node": node, "line": line, "sym_load": load, "source": source})
    return model, line["id"].copy(), load["id"].copy()
