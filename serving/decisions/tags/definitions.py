"""What a tag is: its words, on what it stands, when it is entered and left, for whom and for what it may be used."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic import Field, field_validator, model_validator

from features.errors import ConfigError
from features.settings import Settings, config_hash
from serving.decisions.coded import Classes, Purpose

__all__ = ["Cluster", "ClusterName", "Condition", "Definitions", "TagDefinition", "TagFile", "Words"]

_CODE = r"^[a-z][a-z0-9_]{1,39}$"


class Words(Settings):
    """The same in English and in Chinese; neither may be missing."""

    english: str = Field(min_length=1)
    chinese: str = Field(min_length=1)

    @field_validator("chinese")
    @classmethod
    def _is_chinese(cls, value: str) -> str:
        if not any("\u4e00" <= letter <= "\u9fff" for letter in value):
            raise ValueError(f"{value!r} holds no Chinese character")
        return value


class Condition(Settings):
    """One input against its thresholds: entered at `enter` or beyond, kept up while at `exit` or beyond."""

    input: str = Field(description="a feature or a score")
    direction: Literal["above", "below"]
    enter: float = Field(description="where the condition begins to hold, in the input's unit")
    exit: float = Field(description="where it still holds once the tag is held: `enter` or less strict")

    @model_validator(mode="after")
    def _exit_is_no_stricter(self) -> "Condition":
        if not (math.isfinite(self.enter) and math.isfinite(self.exit)):
            raise ValueError(f"the thresholds of {self.input} have to be finite numbers")
        stricter = self.exit > self.enter if self.direction == "above" else self.exit < self.enter
        if stricter:
            told = f"exit {self.exit:g} is stricter than enter {self.enter:g}"
            raise ValueError(f"{self.input} {self.direction}: {told}; a tag would be left where it is entered")
        return self


class ClusterName(Settings):
    """A cluster that is expected: what it is called, and where about its centre lies (one value a column)."""

    code: str = Field(pattern=_CODE)
    name: Words
    centre: dict[str, float]


class Cluster(Settings):
    """How customers fall into clusters. `enter` and `exit` are bounds on a ratio: the distance to a cluster's centre
    over the distance to the nearest other one. One that is nearer by a margin is entered, and left where another is.
    """

    columns: tuple[str, ...] = Field(min_length=1)
    count: int = Field(ge=2, le=20)
    enter: float = Field(0.9, gt=0, le=1)
    exit: float = Field(1.25, ge=1)
    far: float = Field(1.5, gt=0, description="beyond this distance, in quartile ranges, a centre is another cluster")
    names: tuple[ClusterName, ...]

    @model_validator(mode="after")
    def _names_say_where(self) -> "Cluster":
        _unique("cluster", (one.code for one in self.names))
        for one in self.names:
            if set(one.centre) != set(self.columns):
                raise ValueError(f"the centre of {one.code} has to give {', '.join(self.columns)}")
        return self


class TagDefinition(Settings):
    """A tag, in one version. A change of anything in it is another version: what was assigned keeps its words."""

    code: str = Field(pattern=_CODE)
    version: int = Field(ge=1)
    kind: Literal["rule", "model", "cluster"]
    name: Words
    meaning: Words
    purpose: Purpose = Field(description="what a customer's consent has to cover")
    owner: str = Field(min_length=1, description="the department that answers for it")
    audience: tuple[Literal["marketing", "planner", "inspection"], ...] = Field(
        ("marketing", "planner"), description="roles that may see it; an admin always may"
    )
    classes: Classes = Field((), description="customer classes it is for; all of them when empty")
    combine: Literal["all", "any"] = "all"
    conditions: tuple[Condition, ...] = ()
    model: str | None = Field(None, description="the family of models whose scores it stands on")
    cluster: Cluster | None = None
    group: str | None = Field(None, pattern=_CODE, description="of the tags of a group only one is held")
    confirmations: int = Field(1, ge=1, le=30, description="evaluations in a row before it is entered or left")
    confirm_within_days: int = Field(60, ge=1, description="a row of evaluations that takes longer begins anew")
    minimum_hold_days: int = Field(0, ge=0, description="it is not left sooner")
    time_to_live_days: int = Field(ge=1, description="what was not seen anew for so long is unknown and forgotten")
    fresh_within_days: int = Field(45, ge=1, description="an input as of longer ago is stale")

    @model_validator(mode="after")
    def _stands_on_what_its_kind_needs(self) -> "TagDefinition":
        if (self.cluster is None) == (self.kind == "cluster"):
            raise ValueError("a tag of kind cluster needs `cluster`, and no other may have it")
        if bool(self.conditions) == (self.kind == "cluster"):
            raise ValueError("a tag of kind rule or model needs conditions, one of kind cluster has none")
        if (self.model is None) == (self.kind == "model"):
            raise ValueError("a tag of kind model names its model, and no other does")
        if self.kind == "cluster" and self.group is not None:
            raise ValueError("the clusters of a tag are a group of their own")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features and scores it looks at, in order of appearance."""
        named = self.cluster.columns if self.cluster is not None else [one.input for one in self.conditions]
        return tuple(dict.fromkeys(named))

    def visible_to(self, role: str) -> bool:
        """Whether someone of that role may see it."""
        return role == "admin" or role in self.audience


class TagFile(Settings):
    """One file of definitions: tags of one theme."""

    theme: Words
    tags: tuple[TagDefinition, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Definitions:
    """All tags in force, in their order: within a group the earlier one is entered first."""

    tags: tuple[TagDefinition, ...]

    @classmethod
    def of(cls, tags: Iterable[TagDefinition], known: Collection[str]) -> "Definitions":
        """The tags together; ConfigError for a code that stands twice and an input not among those `known`."""
        found = tuple(tags)
        codes = [one.code for one in found]
        # A cluster's tags are called by the code and the cluster's own.
        codes += [f"{one.code}_{name.code}" for one in found if one.cluster for name in one.cluster.names]
        try:
            _unique("tag", codes)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        for one in found:
            unknown = [name for name in one.inputs if name not in known]
            if unknown:
                raise ConfigError(f"tag {one.code}: there is no feature or score {unknown[0]!r}")
        return cls(found)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Every feature and score that some tag looks at, sorted."""
        return tuple(sorted({name for one in self.tags for name in one.inputs}))

    @cached_property
    def digest(self) -> str:
        """Changes with anything in any definition, and with their order."""
        return config_hash(_Listed(tags=self.tags))


class _Listed(Settings):
    tags: tuple[TagDefinition, ...]


def _unique(what: str, codes: Iterable[str]) -> None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise ValueError(f"there are two of the {what} {code!r}")
        seen.add(code)
