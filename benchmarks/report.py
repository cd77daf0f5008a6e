"""benchmarks/RESULTS.md from the files that the benchmarks left: `make results`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.result import RESULTS

__all__ = ["OUTPUT", "read", "render"]

OUTPUT = RESULTS.parent / "RESULTS.md"

HEAD = """# Results

Made by `make results` from the files in `benchmarks/results/`, one for each bar, written by `make bench-ID`
(`make bench-f4`). Peers ran in the same invocation on the same rows, in the environment that `make bench-env` makes;
where that is absent the line says so. Figures of a bar's own terms are explained at the top of its module.
"""
FIGURES = ("bar", "protocol", "ours", "bar asks", "met", "stretch", "reached", "peers, same run")
MACHINES = ("bar", "processor", "cores", "Python", "date", "revision", "seconds", "CPU seconds", "peak MiB")


def main() -> None:
    OUTPUT.write_text(render(read(RESULTS)), encoding="utf-8")


def read(folder: Path) -> list[dict[str, Any]]:
    """Every result kept in `folder`, by id."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def render(results: list[dict[str, Any]]) -> str:
    """The whole page."""
    figures = [_row(_figures(one)) for one in results]
    machines = [_row(_machine(one)) for one in results]
    lines = [HEAD, _head(FIGURES), *figures, "", "## Where and when", "", _head(MACHINES), *machines]
    return "\n".join(lines) + "\n"


def _figures(one: Mapping[str, Any]) -> list[str]:
    return [
        one["id"],
        one["protocol"],
        _told(one["metrics"]),
        _asked(one["bar"]),
        _verdict(one["met"]),
        _asked(one["stretch"]),
        _verdict(one["stretch_met"]),
        _lines([f"{name}: {_told(value)}" if isinstance(value, Mapping) else f"{name}: {_figure(value)}"
                for name, value in one["peers"].items()]),
    ]  # fmt: skip


def _machine(one: Mapping[str, Any]) -> list[str]:
    keys = ("id", "cpu", "cores", "python", "date", "revision", "seconds", "cpu_seconds", "peak_mib")
    return [str(one[key]) for key in keys]


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_figure(value)}" for name, value in values.items())


def _figure(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_told(value)})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _asked(bar: Mapping[str, list[str]]) -> str:
    return _lines([f"{name} {test}" for name, tests in bar.items() for test in tests])


def _verdict(met: bool | None) -> str:
    return {True: "yes", False: "**no**", None: "-"}[met]


def _lines(parts: list[str]) -> str:
    return "<br>".join(parts) or "-"


def _head(names: tuple[str, ...]) -> str:
    return "\n".join([_row(list(names)), _row(["---"] * len(names))])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    main()
