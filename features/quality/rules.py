"""Quality rules as data: what is checked, by which parameters, with which weight; read from configs/quality.yaml."""

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from features.contracts import CODE_LISTS, CONTRACTS
from features.settings import Settings

__all__ = ["DIMENSIONS", "Check", "QualityRules", "Rule"]

Dimension = Literal["completeness", "validity", "uniqueness", "consistency", "timeliness", "plausibility"]
DIMENSIONS: tuple[str, ...] = get_args(Dimension)


class _Check(Settings):
    """What every check may have: the days before the moment of the report that it looks back; 0: all there is."""

    days: int = Field(0, ge=0)


class Present(_Check):
    """Each of the columns holds something."""

    kind: Literal["present"]
    columns: tuple[str, ...] = Field(min_length=1)


class Accepted(_Check):
    """The gate let the row pass: accepted rows beside those in quarantine, over all time."""

    kind: Literal["accepted"]


class Single(_Check):
    """Of what the columns name, one row holds at a time."""

    kind: Literal["single"]
    columns: tuple[str, ...] = Field(min_length=1)


class Disjoint(_Check):
    """Periods of validity of one thing do not overlap."""

    kind: Literal["disjoint"]


class Leads(_Check):
    """The column leads to a row of another table that holds now."""

    kind: Literal["leads"]
    column: str
    to: str


class Agreed(_Check):
    """No work item of the kinds stands open about the row's thing: systems agree about it."""

    kind: Literal["agreed"]
    items: tuple[str, ...] = Field(min_length=1)


class Rated(_Check):
    """The agreed capacity of an area's customers lies below so many times its transformers' rating."""

    kind: Literal["rated"]
    most: float = Field(gt=0)


class Soon(_Check):
    """The row became known within so many hours of its event."""

    kind: Literal["soon"]
    hours: float = Field(gt=0)


class Unbroken(_Check):
    """No interval between the first and the last of a series is missing; the interval is the most frequent one."""

    kind: Literal["unbroken"]


class Within(_Check):
    """The value of the column lies within bounds."""

    kind: Literal["within"]
    column: str
    at_least: float | None = None
    at_most: float | None = None


class Moving(_Check):
    """A day is no part of so many running days with one value, be it zero after days of use or any other."""

    kind: Literal["moving"]
    running_days: int = Field(ge=3)


class NoSpike(_Check):
    """The value is within so many times the series' own spread of its median (spread: 1.4826 × MAD, on a log scale)."""

    kind: Literal["no_spike"]
    column: str
    spreads: float = Field(gt=1)


class NotNegative(_Check):
    """Use is not negative, except of those who export as a habit (more than the share of their days)."""

    kind: Literal["not_negative"]
    exporter_share: float = Field(0.05, ge=0, le=1)


class LineLoss(_Check):
    """What an area draws in a day is what its customers use plus losses between two shares of it.

    Only where customers' agreed capacity covers the transformers' rating by `coverage` is every customer known.
    """

    kind: Literal["line_loss"]
    at_least: float
    at_most: float
    coverage: float = Field(gt=0)


Check = Annotated[
    Present
    | Accepted
    | Single
    | Disjoint
    | Leads
    | Agreed
    | Rated
    | Soon
    | Unbroken
    | Within
    | Moving
    | NoSpike
    | NotNegative
    | LineLoss,
    Field(discriminator="kind"),
]


class Rule(Settings):
    """One rule: its dimension, the table it judges, its weight, and below which scores it is to watch, or bad."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    dimension: Dimension
    table: str
    english: str
    chinese: str
    weight: float = Field(1.0, gt=0)
    watch_below: float = Field(0.99, ge=0, le=1)
    bad_below: float = Field(0.95, ge=0, le=1)
    check: Check

    @model_validator(mode="after")
    def _fits_its_table(self) -> "Rule":
        if self.table not in CONTRACTS:
            raise ValueError(f"there is no table {self.table!r}; known: {', '.join(CONTRACTS)}")
        columns = CONTRACTS[self.table].columns
        single = getattr(self.check, "column", None)
        named = [*getattr(self.check, "columns", ()), *([single] if isinstance(single, str) else [])]
        odd = [name for name in named if name not in columns]
        if odd:
            raise ValueError(f"{self.table} has no column {', '.join(odd)}; it has: {', '.join(columns)}")
        if isinstance(self.check, Leads) and self.check.to not in CONTRACTS:
            raise ValueError(f"there is no table {self.check.to!r}")
        if isinstance(self.check, Agreed):
            kinds = CODE_LISTS["work_item_kind"].values
            wrong = [kind for kind in self.check.items if kind not in kinds]
            if wrong:
                raise ValueError(f"no work item of kind {', '.join(wrong)}; known: {', '.join(kinds)}")
        if isinstance(self.check, Disjoint | Single) and "valid_from" not in columns:
            raise ValueError(f"{self.table} has no validity")
        if self.bad_below > self.watch_below:
            raise ValueError("bad_below lies above watch_below")
        return self

    def level(self, score: float | None) -> str:
        """`good`, `watch` or `bad`; `unknown` where nothing was checked."""
        if score is None:
            return "unknown"
        return "bad" if score < self.bad_below else "watch" if score < self.watch_below else "good"


class QualityRules(Settings):
    """All rules, no two of one id; `examples` is how many failures each keeps by key."""

    examples: int = Field(5, ge=0, le=100)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "QualityRules":
        names = [rule.id for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rules of one id: {', '.join(twice)}")
        return self
