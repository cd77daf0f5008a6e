"""What a study may change: ranges of named settings, read from YAML and checked against the model's own settings."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field, model_validator

from features.errors import ConfigError
from features.settings import Settings, parse_settings

if TYPE_CHECKING:
    import optuna

__all__ = ["Dimension", "Scalar", "Space"]

Scalar = bool | int | float | str
"""What a tuned parameter may be."""

C = TypeVar("C", bound=Settings)


class Dimension(Settings):
    """The values of one parameter: a range (`low`, `high`, optionally `log` or `step`), or `choices`.

    Whether a range holds whole numbers is decided by the parameter's own type.
    """

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    step: int | float | None = Field(None, gt=0)
    choices: tuple[Scalar, ...] | None = Field(None, min_length=2)

    @model_validator(mode="after")
    def _one_kind(self) -> "Dimension":
        if self.choices is not None:
            if (self.low, self.high, self.step, self.log) != (None, None, None, False):
                raise ValueError("either choices, or low and high")
            return self
        if self.low is None or self.high is None:
            raise ValueError("low and high are both needed, or choices")
        if not self.low < self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log needs low above 0 and no step")
        return self

    def ends(self) -> tuple[Scalar, ...]:
        """Values that the settings must accept for all others to be fine."""
        if self.choices is not None:
            return self.choices
        return self.range()

    def range(self) -> tuple[int | float, int | float]:
        """Lowest and highest value of one that has no choices."""
        assert self.low is not None, "validated"
        assert self.high is not None, "validated"
        return self.low, self.high

    def distribution(self, whole: bool) -> "optuna.distributions.BaseDistribution":
        """The range as Optuna's; `whole`: integers."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices is not None:
            return CategoricalDistribution(self.choices)
        low, high = self.range()
        if whole:
            return IntDistribution(int(low), int(high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(float(low), float(high), log=self.log, step=self.step)


class Space(Settings):
    """Dotted parameter name (`booster.rounds`) → its values."""

    parameters: dict[str, Dimension] = Field(min_length=1)

    def defaults(self, base: Settings) -> dict[str, Scalar]:
        """What `base` has for each parameter; ConfigError for a name that stands for no single value."""
        return {name: _value(base, name) for name in self.parameters}

    def apply(self, base: C, params: Mapping[str, Scalar]) -> C:
        """`base` with other values; ConfigError when its settings refuse one."""
        values = base.model_dump()
        for name, value in params.items():
            *path, last = name.split(".")
            inner = values
            for part in path:
                inner = inner[part]
            inner[last] = value
        return parse_settings(type(base), values, "the tuned settings")

    def distributions(self, base: Settings) -> dict[str, "optuna.distributions.BaseDistribution"]:
        """All ranges, in the order of the file."""
        defaults = self.defaults(base)
        return {name: one.distribution(_is_whole(defaults[name])) for name, one in self.parameters.items()}

    def checked(self, base: Settings, where: str) -> "Space":
        """Itself; ConfigError naming every parameter that is unknown, has values the settings refuse, or whose
        present value, which is tried first, is not among them."""
        wrong = [f"  {name}: {told}" for name, one in self.parameters.items() if (told := self._fault(base, name, one))]
        if wrong:
            raise ConfigError(f"{where} does not fit {type(base).__name__}:\n" + "\n".join(wrong))
        return self

    def _fault(self, base: Settings, name: str, dimension: Dimension) -> str | None:
        try:
            default = _value(base, name)
            for value in dimension.ends():
                self.apply(base, {name: value})
        except ConfigError as error:
            return str(error).splitlines()[-1].strip()
        if _is_whole(default) and dimension.step is not None and not float(dimension.step).is_integer():
            return "a whole number needs a whole step"
        if not _contains(dimension, default):
            return f"the value it has, {default}, is not among those to be tried"
        return None


def _value(base: Settings, name: str) -> Scalar:
    found: Any = base
    for part in name.split("."):
        if not isinstance(found, Settings) or part not in type(found).model_fields:
            raise ConfigError(f"{type(base).__name__} has no {name}")
        found = getattr(found, part)
    if not isinstance(found, bool | int | float | str):
        raise ConfigError(f"{name} is no single value")
    return found


def _is_whole(value: Scalar) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _contains(dimension: Dimension, value: Scalar) -> bool:
    if dimension.choices is not None:
        return value in dimension.choices
    low, high = dimension.range()
    if isinstance(value, str | bool) or not low <= value <= high:
        return False
    steps = 0.0 if dimension.step is None else (value - low) / dimension.step
    return abs(steps - round(steps)) < 1e-9
