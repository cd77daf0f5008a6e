"""Where and from what a model was trained: the code's revision, the machine's software."""

import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["environment", "git_revision"]


def git_revision() -> str:
    """The commit of the checkout this code runs from, with `+changed` where files differ; `none` outside of one."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return "none"
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return "none"
    return f"{commit[:12]}+changed" if _git(root, "status", "--porcelain", "--untracked-files=no") else commit[:12]


def environment() -> dict[str, Any]:
    """Python, platform and the version of every installed distribution, by name."""
    packages = {dist.metadata["Name"]: dist.version for dist in metadata.distributions() if dist.metadata["Name"]}
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        # No git on the machine, or one that does not answer: the revision is simply not known.
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
