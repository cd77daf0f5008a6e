"""Loads of any resolution as the hourly means that the outlook works on."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.errors import ModelError
from features.load.grid import Grid

__all__ = ["hourly_means"]


def hourly_means(loads: Grid, moment: pd.Timestamp) -> Grid:
    """`loads` (kW) as means of whole hours, one of which begins at `moment`; NaN where a part of the hour is unknown.

    Parts of an hour at either end are left out. ModelError where the step is no whole part of an hour.
    """
    if 60 % loads.step_minutes:
        raise ModelError(f"the outlook is hourly; these loads come every {loads.step_minutes} minutes")
    parts = 60 // loads.step_minutes
    skipped = int((moment - loads.start) // pd.Timedelta(minutes=loads.step_minutes)) % parts
    hours = max(loads.values.shape[1] - skipped, 0) // parts
    values = loads.values[:, skipped : skipped + hours * parts].reshape(len(loads.ids), hours, parts)
    start = loads.start + pd.Timedelta(minutes=skipped * loads.step_minutes)
    return replace(loads, start=start, step_minutes=60, values=np.mean(values, axis=2))
