"""Write a territory as files that the gate can read, with its planted truth beside them."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.demo.config import DemoConfig
from features.demo.junk import plant_junk
from features.demo.sources import source_files
from features.demo.territory import Territory, simulate

__all__ = ["DemoSummary", "generate", "write_frame", "write_territory"]


@dataclass(frozen=True)
class DemoSummary:
    """What was written: rows by file (broken ones included), how many of them are broken by reason, and the span."""

    seed: int
    substations: int
    feeders: int
    areas: int
    customers: int
    start: pd.Timestamp
    end: pd.Timestamp
    files: dict[str, int]
    broken: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; times in ISO 8601, UTC."""
        return asdict(self) | {"start": self.start.isoformat(), "end": self.end.isoformat()}


def generate(config: DemoConfig, out_dir: Path) -> DemoSummary:
    """Simulate a territory and write its files into `out_dir`, its planted truth into `out_dir/truth`.

    `configs/sources/demo.yaml` maps the files. The same configuration gives the same content.
    """
    return write_territory(simulate(config), out_dir)


def write_territory(territory: Territory, out_dir: Path) -> DemoSummary:
    """Write the files and the truth of a territory that was already simulated."""
    truth_dir = out_dir / "truth"
    truth_dir.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([territory.config.seed, 91])
    rows, planted = {}, []
    for name, frame in source_files(territory):
        stream = rng
        if name == "customers.csv":
            # Ends of accounts are rows of their own: drawn from another stream, the broken rows of all other files
            # stay what they are without them.
            plant_junk(name, frame.iloc[: len(territory.customers.customer_ids)], rng)
            stream = np.random.default_rng([territory.config.seed, 93])
        frame, junk = plant_junk(name, frame, stream)
        rows[name] = len(frame)
        planted.append(junk)
        write_frame(frame, out_dir / name)
    broken = pd.concat([junk for junk in planted if len(junk)], ignore_index=True)
    for name, table in (territory.truth | {"broken_row": broken}).items():
        write_frame(table, truth_dir / f"{name}.parquet")
    S, F, A = territory.config.network_size
    return DemoSummary(
        seed=territory.config.seed,
        substations=S,
        feeders=F,
        areas=A,
        customers=len(territory.customers.customer_ids),
        start=territory.start,
        end=territory.end,
        files=rows,
        broken={str(reason): int(count) for reason, count in broken["reason"].value_counts().sort_index().items()},
    )


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write one file, CSV or Parquet by its name; the same frame gives the same bytes."""
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {}
    for name, values in frame.items():
        zoned = isinstance(values.dtype, pd.DatetimeTZDtype)
        array = pa.Array.from_pandas(values.dt.tz_convert(None) if zoned else values)
        columns[str(name)] = array.cast(pa.timestamp("us", "UTC")) if zoned else array
    pq.write_table(pa.table(columns), path, compression="zstd", compression_level=1)
