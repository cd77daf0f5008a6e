"""Where, when and on what a figure was measured, without naming the machine."""

import os
import platform
import resource
import subprocess
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["cpu_seconds", "facts", "peak_mib"]

ROOT = Path(__file__).parents[1]
# What a benchmark writes itself does not make its own revision an altered one.
_OWN = [":!benchmarks/results", ":!benchmarks/RESULTS.md"]


def facts() -> dict[str, str | int]:
    """Model and number of the processors, Python, the day (UTC), and the revision; `+` marks uncommitted changes."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "revision": _revision(),
    }


def cpu_seconds() -> float:
    """User and system time so far, of this process and of its children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return float(sum(one.ru_utime + one.ru_stime for one in spent))


def peak_mib() -> float:
    """The most memory this process or one of its children held, MiB."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return float(peak / 1024)


def _cpu_model() -> str:
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8").splitlines() if table.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _revision() -> str:
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--", ".", *_OWN) else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()
