"""D7: 2,000 mutated CSV, YAML and NDJSON inputs by command and HTTP: no traceback, no partial write, counts balance."""

import json
import logging
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.mutating import mutated_csv, mutated_ndjson, mutated_yaml
from benchmarks.result import run, seed
from features.lake import Lake
from features.workspace import Workspace

__all__ = ["Tally", "mutate"]

MUTATIONS = 2_000
MAPPING = """\
name: fuzz
time_zone: Europe/Amsterdam
territory: {name: North, time_zone: Europe/Amsterdam, country: NL}
tables:
  - table: node_load
    files: load.csv
    skip_blank: kw
    columns:
      node_id: {from: id, prefix: n-}
      start_utc: {from: stamp, format: iso, ambiguous: in_order}
      load_kw: {from: kw, unit: MW, thousands: ",", junk: ["9999.99"], at_least: -5}
      available_at: {after: start_utc, delay_minutes: 15}
  - table: node
    derive: {table: node_load, id: node_id, of: load_kw, level: 0.999}
    columns:
      node_id: node_id
      name: node_id
      kind: {constant: area}
      power_factor: {constant: 1.0}
      allowed_utilisation: {constant: 1.0}
      rating_kva: {from: quantile, factor: 1.2}
      rating_assumed: {constant: true}
      valid_from: first
      available_at: {after: valid_from}
  - table: weather_observed
    files: ["weather_*.csv"]
    file_id: "weather_(.*)\\\\.csv"
    layout: {kind: hours, columns: "h{}", first: 1, count: 24}
    exclude: {state: [test]}
    columns:
      station_id: $file
      start_utc: {parts: {year: year, month: month, day: day}, plus_minutes: $minutes, nonexistent: shift_forward}
      temperature_c: {from: $value, unit: degF, digits: 1}
      available_at: {after: start_utc, delay_minutes: 60}
"""
FILES = ("load.csv", "weather_S1.csv")
TYPES = ("application/x-ndjson", "text/csv")


@dataclass
class Tally:
    """What came of the mutations: taken or refused, by kind; and what should not have happened."""

    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Three in five go through the command line, half of them files and half mappings; the others are posted."""
    with tempfile.TemporaryDirectory() as folder:
        tally = mutate(Path(folder), MUTATIONS, seed(0))
    for line in tally.wrong:
        print(line, file=sys.stderr)
    told = {f"{kind}_{word}": float(count) for word, counts in (("taken", tally.taken), ("refused", tally.refused))
            for kind, count in sorted(counts.items())}  # fmt: skip
    inputs = tally.taken.total() + tally.refused.total() + len(tally.wrong)
    return {"wrong": len(tally.wrong), "inputs": inputs, **told}, {}


def mutate(root: Path, count: int, number: int) -> Tally:
    """Try `count` mutations; every wrong outcome is told with the number of its mutation."""
    rng, tally = random.Random(number), Tally()
    ways = [rng.choices(("file", "mapping", "ndjson", "csv"), (30, 30, 25, 15))[0] for _ in range(count)]
    for index, way in enumerate(ways):
        if way in ("file", "mapping"):
            _by_command(root / "source", index, way, random.Random(f"{number} {index}"), tally)
    posts = [(index, way) for index, way in enumerate(ways) if way in ("ndjson", "csv")]
    _by_service(root / "served", posts, number, tally)
    return tally


def sound_files() -> dict[str, bytes]:
    """What the mapping says, of sixty hours and twenty days around the night in which clocks go back."""
    hours = pd.date_range("2024-10-26", periods=60, freq="h").strftime("%Y-%m-%d %H:%M")
    load = ["id,stamp,kw", *(f'{"ab"[n % 2]},{hour},"1,{n:03}.5"' for n, hour in enumerate(hours))]
    heads = ",".join(["year", "month", "day", "state", *(f"h{hour}" for hour in range(1, 25))])
    days = pd.date_range("2024-10-15", periods=20)
    cells = ",".join(str(40 + hour) for hour in range(24))
    weather = [heads, *(f"{day.year},{day.month},{day.day},{'test' if day.day == 20 else ''},{cells}" for day in days)]
    return {"load.csv": "\n".join(load).encode(), "weather_S1.csv": "\n".join(weather).encode()}


def _by_command(root: Path, index: int, way: str, rng: random.Random, tally: Tally) -> None:
    from click.testing import CliRunner

    from serving.cli import group

    data = root / "data"
    data.mkdir(parents=True)
    files, mapping = sound_files(), MAPPING.encode()
    if way == "file":
        name = rng.choice(FILES)
        files[name] = mutated_csv(files[name], rng)
    else:
        mapping = mutated_yaml(MAPPING, rng)
    for name, content in files.items():
        (data / name).write_bytes(content)
    (root / "source.yaml").write_bytes(mapping)
    command = ["ingest", str(root / "source.yaml"), "--data", str(data), "--workspace", str(root / "ws"), "--json"]
    command += ["--batch-rows", str(rng.choice([48, 100_000, 100_000]))]
    result = CliRunner().invoke(group, command)
    found = _odd_exit(result) or (
        _odd_report(root / "ws", result.stdout) if result.exit_code == 0 else _left(root / "ws")
    )
    _note(tally, index, way, result.exit_code == 0, found)
    shutil.rmtree(root)


def _odd_exit(result: Any) -> str | None:
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"a traceback: {result.exception!r}"
    if result.exit_code not in (0, 2) or "Traceback" in result.output:
        return f"exit code {result.exit_code}: {result.output[-200:]}"
    return "refused without a word" if result.exit_code == 2 and not result.stderr.strip() else None


def _odd_report(workspace: Path, text: str) -> str | None:
    """Whether the counts balance and are those of the lake and of quarantine."""
    from features.ingest import read_quarantine

    lake = Lake(workspace / "lake")
    for name, table in json.loads(text)["tables"].items():
        refused = sum(table["quarantined"].values())
        if table["rows_in"] != table["accepted"] + table["superseded"] + refused:
            return f"{name} is not balanced"
        if table["written"] != table["accepted"] or len(lake.versions(name)) != table["written"]:
            return f"{name}: the lake does not hold what was accepted"
        if len(read_quarantine(workspace / "quarantine", name)) != refused:
            return f"{name}: quarantine does not hold what was refused"
    return "something is left behind" if list(workspace.glob("ingest-*")) else None


def _left(workspace: Path) -> str | None:
    """What a refused input left in a workspace that was empty before."""
    left = [str(path.relative_to(workspace)) for path in workspace.rglob("*")] if workspace.exists() else []
    return f"a refused input left {', '.join(left[:5])}" if left else None


def _by_service(root: Path, posts: list[tuple[int, str]], number: int, tally: Tally) -> None:
    from serving.answers import Answers
    from serving.backend import Backend
    from serving.holdings import Holdings
    from serving.settings import ServiceSettings
    from serving.state import KeyStore, open_state
    from serving.web import create_app

    logging.getLogger("headroom.service").setLevel(logging.CRITICAL)
    root.mkdir(parents=True)
    workspace, settings = Workspace(root), ServiceSettings()
    engine = open_state(workspace.state_url)
    _, key = KeyStore(engine).add("d7", "collector", None)
    engine.dispose()
    app = create_app(lambda: Backend(workspace, settings, Answers(Holdings(workspace, settings))))
    with _asking(app, {"Authorization": f"Bearer {key}"}) as ask:
        for index, way in posts:
            _post(ask, workspace, index, way, random.Random(f"{number} {index}"), tally)


@contextmanager
def _asking(app: Any, headers: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """POST to an application in this process, as ordinary code does."""
    import httpx
    from anyio.from_thread import start_blocking_portal

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://d7", headers=headers)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
        portal.wrap_async_context_manager(client),
    ):
        yield lambda path, **options: portal.call(partial(client.post, path, **options))


def _post(
    ask: Callable[..., Any], workspace: Workspace, index: int, way: str, rng: random.Random, tally: Tally
) -> None:
    kind = TYPES[way == "csv"]
    # A key may also come a second time, with other rows.
    name = f"key-{index if rng.random() < 0.95 else 0}"
    headers = {"Idempotency-Key": name, "Content-Type": rng.choice([kind] * 12 + ["", "text/csv; charset=x", TYPES[0]])}
    before = _listing(workspace)
    answer = ask("/v1/ingest/node_load", content=_body(way, rng), headers=headers)
    taken = answer.status_code == 200
    found = None
    if answer.status_code >= 500 and answer.status_code != 503:
        found = f"status {answer.status_code}"
    elif taken:
        found = _odd_answer(answer.json(), before, _listing(workspace), workspace)
    elif _listing(workspace) != before:
        found = f"refused with {answer.status_code}, and something was written"
    _note(tally, index, f"http_{way}", taken, found)


def _body(way: str, rng: random.Random) -> bytes:
    hours = pd.date_range("2026-01-01", periods=20, freq="h", tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    if way == "csv":
        text = "\n".join(["node_id,start_utc,load_kw", *(f'A1,{hour},"{n}.5"' for n, hour in enumerate(hours))])
        return mutated_csv(text.encode(), rng)
    rows = [
        {"node_id": "A1", "start_utc": hour, "load_kw": n + 0.5, "voltage_v_min": None} for n, hour in enumerate(hours)
    ]
    return mutated_ndjson("\n".join(map(json.dumps, rows)).encode(), rng)


def _listing(workspace: Workspace) -> set[str]:
    """Every commit of the lake, every file of quarantine, and scratch."""
    patterns = ("lake/*/_delta_log/*.json", "quarantine/*/*", "ingest-*")
    return {str(path.relative_to(workspace.root)) for one in patterns for path in workspace.root.glob(one)}


def _odd_answer(told: dict[str, Any], before: set[str], after: set[str], workspace: Workspace) -> str | None:
    new = after - before
    if told["rows_in"] != told["accepted"] + told["superseded"] + sum(told["quarantined"].values()):
        return "the answer is not balanced"
    if told["repeated"]:
        return "a repeat wrote something" if new else None
    # The first batch makes the table, too.
    commits = [name for name in new if name.startswith("lake/") and not name.endswith("0" * 20 + ".json")]
    kept = [name for name in new if name.startswith("quarantine/")]
    if len(commits) != 1 or len(kept) != bool(told["quarantined"]) or len(new) - len(commits) - len(kept) > 1:
        return f"one batch was to be written, and these were: {sorted(new)}"
    refused = sum(len(pd.read_parquet(workspace.root / name)) for name in kept)
    return None if refused == sum(told["quarantined"].values()) else "quarantine does not hold what was refused"


def _note(tally: Tally, index: int, way: str, taken: bool, wrong: str | None) -> None:
    if wrong:
        tally.wrong.append(f"{way} {index}: {wrong}")
    else:
        (tally.taken if taken else tally.refused)[way] += 1


if __name__ == "__main__":
    run("D7", measure, {"wrong": [("<=", 0)], "inputs": [(">=", MUTATIONS)]})
