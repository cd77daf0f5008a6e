"""What may be offered: services, whom they are for, what they do to the load, what they bring and what asking costs."""

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from pydantic import Field, field_validator, model_validator

from features.settings import Settings
from serving.decisions.coded import Classes, Purpose
from serving.decisions.selection import Expression, SelectionError, parse
from serving.decisions.tags import Words

__all__ = ["CHANNELS", "Acceptance", "Catalogue", "Factor", "Load", "Service", "Value"]

Channel = Literal["app", "hall"]
CHANNELS: tuple[Channel, ...] = ("app", "hall")
"""By which ways an offer is made: a message in the application, a card for the counter of a business hall."""

_CODE = r"^[a-z][a-z0-9_]{1,39}$"
Blocks = tuple[float, float, float, float, float, float]
_NONE: Blocks = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _readable(text: str) -> str:
    try:
        parse(text)
    except SelectionError as error:
        raise ValueError(f"{text!r}: {error}") from error
    return text


class Load(Settings):
    """What one customer who accepts adds to the load, kW, in each four-hour block of the local day from midnight;
    below zero is freed. The two parts add up.
    """

    kw: Blocks = Field(_NONE, description="the same for everybody, kW")
    own_share: Blocks = Field(_NONE, description="share of the customer's own load in that block")

    @property
    def adds(self) -> bool:
        """Whether it needs room in any block."""
        return max(*self.kw, *self.own_share) > 0

    @property
    def frees(self) -> bool:
        """Whether it makes room in any block."""
        return min(*self.kw, *self.own_share) < 0


class Factor(Settings):
    """Those of whom `when` is true accept `times` as often."""

    when: str = Field(description="an expression over tags, value and features")
    times: float = Field(gt=0)

    _checked = field_validator("when")(_readable)


class Acceptance(Settings):
    """How probable it is that an offer is accepted, before outcomes say better: an assumption, and no cause."""

    base: float = Field(gt=0, lt=1)
    factors: tuple[Factor, ...] = ()
    most: float = Field(0.6, gt=0, lt=1, description="no more than this, however many factors hold")

    @model_validator(mode="after")
    def _base_within(self) -> "Acceptance":
        if self.base > self.most:
            raise ValueError(f"`base` {self.base:g} is above `most` {self.most:g}, which nothing may be")
        return self


class Value(Settings):
    """What an acceptance brings within a year, CNY: `cny` and a share of a column of the snapshot; not known is 0."""

    cny: float = 0.0
    column: str | None = None
    share: float = 0.0

    @model_validator(mode="after")
    def _both_or_none(self) -> "Value":
        if (self.column is None) != (self.share == 0):
            raise ValueError("`column` and `share` go together")
        return self


class Service(Settings):
    """One service, in one version."""

    code: str = Field(pattern=_CODE)
    version: int = Field(ge=1)
    campaign: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$", description="the campaign it is offered in")
    name: Words
    says: Words = Field(description="what the customer is told")
    classes: Classes = Field((), description="customer classes it is for; all of them when empty")
    eligible: str = Field(description="an expression over tags, value and features")
    load: Load = Load()
    flexible: Load | None = Field(None, description="what is offered where `load` does not fit, such as at night only")
    acceptance: Acceptance
    value: Value
    cost_cny: Mapping[Channel, float] = Field(description="of one contact, by channel")
    purpose: Purpose = Field(description="what a customer's consent has to cover")
    valid_days: int = Field(30, ge=1, le=180, description="how long an offer stands, and what it reserves")
    outcome: Literal["accepted", "application", "payment_to_app", "autopay", "arrears_paid"] = Field(
        "accepted", description="what counts as its success: an answer that was handed in, or what the books show"
    )

    _checked = field_validator("eligible")(_readable)

    @model_validator(mode="after")
    def _consistent(self) -> "Service":
        if not self.cost_cny:
            raise ValueError(f"{self.code}: it can be offered by no channel")
        if any(cost <= 0 for cost in self.cost_cny.values()):
            raise ValueError(f"{self.code}: a contact costs something by every channel")
        if self.flexible is not None and not self.load.adds:
            raise ValueError(f"{self.code}: only what adds load needs a flexible offer")
        return self

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The ways it may be offered by, the preferred first."""
        return tuple(one for one in CHANNELS if one in self.cost_cny)

    @cached_property
    def who(self) -> Expression:
        """The tree of `eligible`."""
        return parse(self.eligible)


class Catalogue(Settings):
    """`configs/services.yaml`: everything that may be offered."""

    services: tuple[Service, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> "Catalogue":
        twice = [code for code, times in Counter(self.codes).items() if times > 1]
        if twice:
            raise ValueError(f"the service {twice[0]} stands twice")
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the services, in order."""
        return tuple(one.code for one in self.services)

    def service(self, code: str) -> Service | None:
        """A service by its code."""
        return next((one for one in self.services if one.code == code), None)
