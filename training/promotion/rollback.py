"""Back to what served before; asked again, further back."""

from collections.abc import Sequence

from features.errors import ConfigError, NotFoundError
from features.workspace import Workspace
from training.registry import Champion, Promotion, champion, promote, promotions

__all__ = ["rollback", "standing"]


def rollback(workspace: Workspace, name: str, by: str, why: str) -> Champion:
    """Let the version serve that served before the present one; who and why are recorded.

    Rolling back is no promotion to roll back from: the next rollback goes one further. Raises NotFoundError where
    nothing served before, ConfigError without a name or a reason.
    """
    if not by.strip() or not why.strip():
        raise ConfigError("a rollback names who does it and why")
    serving = champion(workspace, name)
    line = standing(promotions(workspace, name))
    if serving is None or len(line) < 2:
        now = "nothing serves" if serving is None else f"version {serving.version} serves and is the first"
        raise NotFoundError(f"{name}: there is no earlier champion to go back to: {now}")
    record = {"reason": "ROLLBACK", "by": by, "why": why, "rolled_back": str(serving.version)}
    return promote(workspace, name, line[-2], record)


def standing(history: Sequence[Promotion]) -> list[int]:
    """The versions that served and were not rolled back, oldest first; the last one serves."""
    line: list[int] = []
    for one in history:
        if one.details.get("reason") == "ROLLBACK" and len(line) > 1:
            line.pop()
        elif not line or line[-1] != one.version:
            line.append(one.version)
    return line
