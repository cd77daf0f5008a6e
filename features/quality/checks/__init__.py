"""One function a kind of check: what it looks at, and which of it fails."""

from features.quality.checks.outcome import Outcome
from features.quality.checks.registry import judge

__all__ = ["Outcome", "judge"]
