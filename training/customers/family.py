"""What a family of customer models has to be, so that jobs, gate, backtest, tuning and watching need not know which."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import pandas as pd

from features.lake import Lake
from features.settings import Settings
from features.workspace import TerritorySettings
from training.customers.cases import Cases

__all__ = ["CustomerModel", "Family"]


class CustomerModel(Protocol):
    """A fitted model of customers: it says something of every customer from what is known of him at one moment."""

    @property
    def trained_until(self) -> pd.Timestamp:
        """UTC instant: no outcome known later was used."""

    def predict(self, cases: Cases) -> pd.DataFrame:
        """What the model says of each case, in the order of its rows; the columns are the family's `says`."""

    def save(self, folder: Path) -> None:
        """Write the artifact into `folder`, which is made."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model `save` wrote."""


class Family(Protocol):
    """One kind of customer model. A family is a stateless object; everything it needs comes as arguments.

    It may offer more, and is then shown and kept better: `outcomes`, a mapping from a column it says to the column of
    `rows` that holds what came of it; `policy(config)`, the rules outside of its settings by which outcomes are told;
    `coverage` among its scores, the share of outcomes within P10 to P90, which the gate then looks at; and a model
    with `gains()`, a frame by feature.
    """

    name: ClassVar[str]
    """Name of the model in the registry: value, anomaly, prospects."""
    config_type: ClassVar[type[Settings]]
    config_file: ClassVar[str]
    """The shipped settings, a path below `configs/`."""
    space_file: ClassVar[str]
    """The shipped search space, a path below `configs/`."""
    says: ClassVar[Mapping[str, str]]
    """Columns that `predict` gives, with their meaning and unit in words."""
    horizon_days: ClassVar[int]
    """Days after an origin until its outcome is complete."""

    def cases(self, lake: Lake, territory: TerritorySettings, config: Any, as_of: pd.Timestamp | None = None) -> Cases:
        """Every case whose outcome was known at `as_of` (default: all there is), oldest origin first.

        Raises NotFoundError where the lake holds too little to make a single case.
        """

    def asked(self, lake: Lake, territory: TerritorySettings, config: Any, at: pd.Timestamp) -> Cases:
        """All customers of `at` as cases without an outcome: what serving asks the model about.

        The same function builds the features as for `cases`.
        """

    def fit(self, cases: Cases, config: Any, trained_until: pd.Timestamp) -> CustomerModel:
        """Fit on all `cases`. Raises ModelError where they do not suffice; falls back, and says so, where it can."""

    def losses(self, model: CustomerModel, cases: Cases) -> pd.Series:
        """The loss of every case with a known outcome, in the order of its rows; NaN where it has none."""

    def scores(self, model: CustomerModel, cases: Cases) -> dict[str, float]:
        """Metrics of the model on cases it has not seen, each beside that of the naive rule (`naive_...`)."""

    def load(self, folder: Path) -> CustomerModel:
        """The fitted model of an artifact folder."""
