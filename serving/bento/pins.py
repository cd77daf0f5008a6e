"""The exact versions of the packages that serving runs on here: the requirements of a bento."""

from collections.abc import Iterable
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from features.errors import HeadroomError

__all__ = ["NOT_SERVED", "closure", "pinned_requirements"]

_DISTRIBUTION = "headroom"
# Read by training, the gate and reports only; every other dependency of the product goes into a bento.
NOT_SERVED = frozenset({"matplotlib", "mlflow", "openpyxl", "optuna", "pandera", "scikit-learn"})


def pinned_requirements() -> list[str]:
    """`name==version` of every package that serving needs, as installed here, in order of name."""
    try:
        declared = [Requirement(text) for text in metadata.requires(_DISTRIBUTION) or []]
    except metadata.PackageNotFoundError as error:
        raise HeadroomError(
            f"the package {_DISTRIBUTION} is not installed in this environment: `pip install .` brings it"
        ) from error
    served = [requirement for requirement in declared if canonicalize_name(requirement.name) not in NOT_SERVED]
    return [f"{name}=={version}" for name, version in sorted(closure(served).items())]


def closure(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Name → installed version of `requirements` and of all that they need on this platform."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, asked_by = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": asked_by}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            installed = _installed(requirement)
            found[name] = installed.version
            waiting += [(Requirement(text), extra) for text in installed.requires or []]
    return found


def _installed(requirement: Requirement) -> metadata.Distribution:
    try:
        return metadata.distribution(requirement.name)
    except metadata.PackageNotFoundError as error:
        raise HeadroomError(f"{requirement.name} is needed for serving and is not installed here") from error
