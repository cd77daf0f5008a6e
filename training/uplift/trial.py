"""What uplift is learnt from: contacts of one service that were sent or held out by lot, and what came of them."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import ModelError

__all__ = ["Trial"]


@dataclass(frozen=True)
class Trial:
    """One row a contact. `features` float64 as they were known when it was decided, NaN unknown; `treated` bool, sent
    or held out; `success` 0 or 1 within the window; `persons` names, in one arm
    within a campaign; `sent_share`, the probability of
    being sent to, by design; `until`, the UTC instant by which the last of the outcomes was known.
    """

    service: str
    features: pd.DataFrame
    treated: np.ndarray
    success: np.ndarray
    persons: np.ndarray
    sent_share: float
    until: pd.Timestamp

    def __post_init__(self) -> None:
        lengths = {len(self.features), len(self.treated), len(self.success), len(self.persons)}
        if len(lengths) != 1:
            raise ModelError(f"uplift of {self.service}: columns of different lengths")
        if not np.isin(self.success, (0.0, 1.0)).all():
            raise ModelError(f"uplift of {self.service}: an outcome is neither success nor none")
        if not 0 < self.sent_share < 1:
            raise ModelError(f"uplift of {self.service}: nobody is held out, so nothing can be compared")

    def __len__(self) -> int:
        return len(self.success)

    def take(self, mask: np.ndarray) -> "Trial":
        """Some of the contacts."""
        return Trial(
            self.service,
            self.features[mask].reset_index(drop=True),
            self.treated[mask],
            self.success[mask],
            self.persons[mask],
            self.sent_share,
            self.until,
        )

    def counts(self) -> tuple[int, int]:
        """Persons sent to, and held out."""
        return len(np.unique(self.persons[self.treated])), len(np.unique(self.persons[~self.treated]))

    def digest(self) -> str:
        """Twelve digits that change with any contact, feature or outcome."""
        found = hashlib.sha256(f"{self.service}|{self.sent_share}|{list(self.features.columns)}".encode())
        found.update("\n".join(map(str, self.persons)).encode())
        for values in (self.features.to_numpy(dtype=np.float64), self.treated, self.success):
            found.update(np.ascontiguousarray(values).tobytes())
        return found.hexdigest()[:12]
