"""Cases: customers at earlier moments, with what was known of them then and what came of it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["Cases"]


@dataclass(frozen=True)
class Cases:
    """One row per customer and origin, and whatever else a family needs in step with the rows.

    `rows` has origin (UTC instant: features were known then), known_at (UTC instant from which the outcome is known),
    customer_id, unit (what losses are compared by: a class, an area), and the outcome columns of the family. A column
    `altered` (bool), where there is one, marks cases that were changed on purpose to learn from (planted attacks).
    `features` [rows × features] is float64 in the same order, NaN where unknown. `context` holds arrays of the same
    length that are no features (such as the use a case was made from).
    Invariant: nothing in `features` or `context` was unknown at the row's origin.
    """

    rows: pd.DataFrame
    features: pd.DataFrame
    context: dict[str, Any]

    def take(self, chosen: np.ndarray) -> "Cases":
        """The rows for which `chosen` (a boolean mask over the rows) is true."""
        places = np.flatnonzero(chosen)
        context = {name: values[places] for name, values in self.context.items()}
        return replace(
            self,
            rows=self.rows.iloc[places].reset_index(drop=True),
            features=self.features.iloc[places].reset_index(drop=True),
            context=context,
        )

    def unaltered(self) -> "Cases":
        """The cases as the lake tells them: how customers are, for whoever compares distributions."""
        if "altered" not in self.rows:
            return self
        return self.take(~self.rows["altered"].to_numpy(dtype=bool))

    def known(self, moment: pd.Timestamp) -> "Cases":
        """Cases whose outcome was known at `moment`: all that a model trained then may learn from."""
        return self.take((self.rows["known_at"] <= moment).to_numpy(dtype=bool))

    def origins(self) -> list[pd.Timestamp]:
        """The distinct origins, oldest first."""
        return [pd.Timestamp(one) for one in sorted(self.rows["origin"].unique())]
