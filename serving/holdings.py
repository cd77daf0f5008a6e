"""What the service holds in memory and when it looks again: territory, model, histories, publications.

Everything is keyed by what it was made from (the lake's fingerprint, the champion record, the folder of
publications), so that a promotion, an ingest or a publication shows without a restart and nothing is read twice.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pandas as pd

from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.workspace import Workspace
from serving.access import subtree
from serving.decisions.pools import supply_paths
from serving.publish import Provenance, Publication, latest_of, list_publications, read_publication
from serving.refusals import NotReadyError, UnknownPublicationError
from serving.rows import capacity_rows
from serving.settings import ServiceSettings
from training.demand.effects import EventScenario
from training.registry import Champion, champion

__all__ = ["CapacityTable", "Demand", "ForecastModel", "Holdings", "Node", "Territory", "Unit", "newest_load_moment"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
LiveCapacity = Callable[[Workspace, History], tuple[pd.DataFrame, Provenance]]
Stamp = tuple[tuple[str, int], ...]
_QUIET_NS = 1_000_000_000
_DEMAND, _PEAK = "demand", "peak"


class ForecastModel(Protocol):
    """What the service needs of a demand model."""

    def forecast(
        self,
        history: History,
        issued_at: pd.Timestamp,
        *,
        horizon_hours: int = ...,
        node_ids: list[str] | None = ...,
        quantiles: tuple[float, ...] = ...,
        explain: bool = ...,
        events: EventScenario = ...,
    ) -> pd.DataFrame: ...


class Kept(Generic[K, V]):
    """The last few values by key; a value is made once even when many threads ask for it at the same moment."""

    def __init__(self, make: Callable[[K], V], size: int = 1) -> None:
        self._make, self._size = make, size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V:
        """The value of `key`, made now when it is not among the kept ones."""
        with self._lock:
            if key not in self._values:
                self._values[key] = self._make(key)
                while len(self._values) > self._size:
                    self._values.popitem(last=False)
            self._values.move_to_end(key)
            return self._values[key]


def folder_stamp(folders: Iterable[Path]) -> Stamp:
    """Changes whenever something is added to one of `folders`; those that do not exist are left out.

    Two changes within one tick of the file system's clock look alike, so that the stamp of a folder that changed
    just now is different each time, until it has been quiet for a second.
    """
    changed = [(str(folder), folder.stat().st_mtime_ns) for folder in sorted(folders) if folder.is_dir()]
    recent = any(time.time_ns() - moment < _QUIET_NS for _, moment in changed)
    return (*changed, ("now", time.monotonic_ns())) if recent else tuple(changed)


@dataclass(frozen=True)
class Node:
    """A valid node of the territory."""

    node_id: str
    name: str
    kind: str
    parent_id: str | None
    hall_id: str | None
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True)
class Unit:
    """A valid unit of the organisation: company, department or hall."""

    unit_id: str
    name: str
    kind: str
    parent_id: str | None


@dataclass(frozen=True)
class Territory:
    """The valid nodes by id, in order of id, and the organisation: units by id, and unit → unit above."""

    nodes: Mapping[str, Node]
    units: Mapping[str, Unit]

    @cached_property
    def parents(self) -> dict[str, str | None]:
        """unit → unit above."""
        return {unit.unit_id: unit.parent_id for unit in self.units.values()}

    @cached_property
    def paths(self) -> dict[str, tuple[str, ...]]:
        """Each node and all above it."""
        return supply_paths({node.node_id: node.parent_id for node in self.nodes.values()})

    def below(self, unit_id: str) -> frozenset[str]:
        """`unit_id` and every unit below it."""
        return subtree(self.parents, unit_id)


@dataclass(frozen=True)
class Demand:
    """The demand model that serves, and which version it is."""

    champion: Champion
    model: ForecastModel


@dataclass(frozen=True)
class CapacityTable:
    """Open capacity by node, ready to be answered, and what it was made from."""

    publication_id: str | None
    created_at: pd.Timestamp
    provenance: Provenance
    frame: pd.DataFrame

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        """node_id → the row as it is answered."""
        return capacity_rows(self.frame)


def newest_load_moment(history: History) -> pd.Timestamp:
    """When the newest load became known: the end of the last interval or, where readings arrive later than that,
    the moment by which half of the nodes' readings of that interval were in. Later corrections do not move it.
    """
    versions = history.versions
    end = versions.start + pd.Timedelta(minutes=versions.step_minutes * versions.width)
    newest = pd.Series(versions.available[versions.column == versions.width - 1])
    nodes = pd.Series(versions.row[versions.column == versions.width - 1])
    first_known = newest.groupby(nodes).min().sort_values()
    half = int(first_known.iloc[(len(first_known) - 1) // 2])
    return max(end, pd.Timestamp(half, unit="us", tz="UTC"))


def load_demand_model(path: Path) -> ForecastModel:
    """Read a demand artifact."""
    from training.demand import DemandModel

    model: ForecastModel = DemandModel.load(path)
    return model


def compute_capacity_now(workspace: Workspace, history: History) -> tuple[pd.DataFrame, Provenance]:
    """Open capacity from the newest data, by the same use case that publishes."""
    from serving.capacity import compute_capacity

    return compute_capacity(workspace, history=history)


class Holdings:
    """Everything read from the workspace. Methods may be called from any thread."""

    def __init__(
        self,
        workspace: Workspace,
        settings: ServiceSettings,
        load_model: Callable[[Path], ForecastModel] = load_demand_model,
        compute_capacity: LiveCapacity = compute_capacity_now,
        wall_clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now(tz="UTC"),
    ) -> None:
        self.workspace, self.settings = workspace, settings
        self.lake = Lake(workspace.lake)
        self._wall_clock = wall_clock
        self._fingerprints: Kept[Stamp, str] = Kept(lambda _: self.lake.fingerprint())
        self._models: Kept[Champion, ForecastModel] = Kept(lambda c: load_model(c.path))
        self._territories: Kept[str, Territory] = Kept(lambda _: self._read_territory())
        self._histories: Kept[str, History] = Kept(lambda _: load_history(self.lake, workspace.territory()))
        self._publications: Kept[Stamp, list[Publication]] = Kept(lambda _: list_publications(workspace))
        self._tables: Kept[str, CapacityTable] = Kept(self._read_table, size=4)
        self._live: Kept[tuple[str, Champion | None], CapacityTable] = Kept(lambda _: self._compute(compute_capacity))

    def fingerprint(self) -> str:
        """The lake's fingerprint; read anew only after a commit, which shows in the folders of the tables' logs."""
        return self._fingerprints.get(folder_stamp(self.workspace.lake.glob("*/_delta_log")))

    def territory(self) -> Territory:
        """The nodes and units that are valid now; NotReadyError while the lake has no nodes."""
        found = self._territories.get(self.fingerprint())
        if not found.nodes:
            raise NotReadyError("the lake holds no nodes: bring some in with `headroom ingest SOURCE.yaml --data DIR`")
        return found

    def demand(self) -> Demand:
        """The promoted demand model; NotReadyError before the first promotion."""
        record = champion(self.workspace, _DEMAND)
        if record is None:
            raise NotReadyError("no demand model is promoted: `headroom train demand`, then `headroom promote demand`")
        return Demand(record, self._models.get(record))

    def history(self) -> tuple[str, History]:
        """The fingerprint of the lake and the history it holds."""
        key = self.fingerprint()
        return key, self._histories.get(key)

    def publications(self) -> list[Publication]:
        """Every publication, newest first."""
        return self._publications.get(folder_stamp([self.workspace.publications]))[::-1]

    def newest(self) -> Publication | None:
        """The publication promises stand on: the newest firm one."""
        known = self.publications()
        return latest_of(known[::-1]) if known else None

    def published(self, publication_id: str | None) -> CapacityTable:
        """The table of a publication (None: the latest, as `latest_of` has it); refuses an unknown id, and any while
        there is none."""
        known = self.publications()
        if not known:
            raise NotReadyError("there is no publication yet: `headroom publish capacity` writes one")
        if publication_id is None:
            return self._tables.get(latest_of(known[::-1]).id)
        if publication_id not in {publication.id for publication in known}:
            raise UnknownPublicationError(f"publication {publication_id} is unknown")
        return self._tables.get(publication_id)

    def live(self) -> CapacityTable:
        """Open capacity computed from the newest data; once for every state of lake and peak model."""
        return self._live.get((self.fingerprint(), champion(self.workspace, _PEAK)))

    def _compute(self, compute: LiveCapacity) -> CapacityTable:
        frame, made_from = compute(self.workspace, self.history()[1])
        table = CapacityTable(None, self._wall_clock(), made_from, frame)
        _ = table.rows
        return table

    def _read_table(self, publication_id: str) -> CapacityTable:
        found = read_publication(self.workspace, publication_id)
        table = CapacityTable(found.id, found.created_at, found.provenance, found.capacity())
        _ = table.rows  # made now, so that the first answer is as fast as the others
        return table

    def _read_territory(self) -> Territory:
        at = self._wall_clock()
        frame = self.lake.valid("node", at=at).sort_values("node_id")
        nodes = {row[0]: Node(*row) for row in _rows(frame, Node)}
        units = self.lake.valid("org_unit", at=at).sort_values("unit_id")
        return Territory(nodes, {row[0]: Unit(*row) for row in _rows(units, Unit)})


def _rows(frame: pd.DataFrame, kind: type[Node] | type[Unit]) -> Iterable[tuple[Any, ...]]:
    """The columns a record has, row by row; None where nothing is known."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in kind.__dataclass_fields__]
    return zip(*columns, strict=True)
