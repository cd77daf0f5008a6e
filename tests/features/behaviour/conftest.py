"""What is known of a few made-up customers, to be changed as a test needs it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.crowd import AT, crowd
from features.behaviour import DailyUse, Known
from features.clock import Calendar

TODAY = pd.Timestamp("2025-12-01")


@pytest.fixture(scope="session")
def few() -> Known:
    """Forty customers, some with holes in their readings; no test may change it."""
    known = crowd(40, seed=3)
    rng = np.random.default_rng(5)
    kwh = known.use.kwh.copy()
    kwh[:10][rng.random((10, 730)) < 0.1] = np.nan
    kwh[10, :500] = np.nan
    kwh[11] = 0.0
    kwh[12, rng.random(730) < 0.3] = 0.0
    kwh[13, -40:] = 0.01
    kwh[14, -20:] = np.nan
    kwh[15, -31:-1] = 0.01
    kwh[15, -10:-8] = np.nan
    kwh[16] = np.nan
    customers = known.customers.copy()
    customers.loc[customers.index[10], "since"] = AT - pd.Timedelta(days=229.5)
    return replace(known, use=replace(known.use, kwh=kwh), customers=customers)


@pytest.fixture(scope="session")
def make_known() -> Callable[..., Known]:
    """What is known of customers with the given daily use up to 2025-11-30 and nothing else, unless told."""

    def make(kwh: Any, **more: Any) -> Known:
        array = np.atleast_2d(np.asarray(kwh, dtype=np.float32))
        ids = pd.Index([f"K{place}" for place in range(len(array))], name="customer_id")
        first = TODAY - pd.Timedelta(days=array.shape[1])
        customers = pd.DataFrame(
            {
                "area_id": "A1",
                "customer_class": "residential",
                "contract_kva": 8.0,
                "earlier_kva": 8.0,
                "since": AT - pd.Timedelta(days=1500),
                "hall_id": "H1",
            },
            index=ids,
        )
        calendar = Calendar("Asia/Shanghai", "CN")
        known = Known(at=AT, calendar=calendar, customers=customers, use=DailyUse(tuple(ids), first, array))
        return replace(known, **more)

    return make
