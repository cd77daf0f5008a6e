"""All tables of dealings: known in time, linked to what exists, of any size, and the same for the same seed."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts import CONTRACTS
from features.demo import DemoConfig, Territory, simulate
from features.demo.dealings import DEALINGS
from features.ingest.links import LINKS

TINY = DemoConfig(substations=1, feeders=2, areas=3, customers=12, years=2, customer_years=1, weather_stations=1)


@pytest.mark.parametrize("table", DEALINGS)
def test_nothing_is_known_after_the_end_or_before_it_happened(town: Territory, table: str) -> None:
    frame, contract = town.frame(table), CONTRACTS[table]
    assert len(frame) > 0
    assert frame["available_at"].max() <= town.end
    if table != "tariff":  # A price is announced before it holds.
        assert (frame["available_at"] >= frame[contract.event_time]).all()
    for begin, end in (("valid_from", "valid_to"), ("start_utc", "end_utc")):
        if end in frame:
            assert (frame[end].dropna() > frame.loc[frame[end].notna(), begin]).all()


@pytest.mark.parametrize("table", [table for table in DEALINGS if table in LINKS])
def test_what_dealings_point_to_exists(town: Territory, table: str) -> None:
    frame = town.frame(table)
    for column, target in LINKS[table].items():
        known = set(town.frame(target)[CONTRACTS[target].key[0]].astype(str))
        assert set(frame[column].dropna().astype(str)) <= known, column


def test_nobody_deals_with_the_utility_before_he_is_connected(town: Territory) -> None:
    since = town.frame("customer").drop_duplicates("customer_id").set_index("customer_id")["valid_from"]
    for table in DEALINGS:
        if table in ("tariff", "satisfaction"):
            continue
        frame = town.frame(table).dropna(subset="customer_id")
        event = frame["end_utc"] if table == "cost_to_serve" else frame[CONTRACTS[table].event_time]
        assert (event >= frame["customer_id"].astype(str).map(since)).all(), table


def test_the_same_seed_gives_the_same_dealings() -> None:
    first, again, other = simulate(TINY), simulate(TINY), simulate(TINY.model_copy(update={"seed": 8}))
    for table in DEALINGS:
        pd.testing.assert_frame_equal(first.frame(table), again.frame(table))
    assert not first.frame("bill")["amount_cny"].equals(other.frame("bill")["amount_cny"])


@settings(max_examples=8, deadline=None)
@given(
    customers=st.integers(0, 20),
    end=st.dates(date(2023, 1, 1), date(2027, 12, 28)),
    years=st.integers(2, 3),
    customer_years=st.integers(1, 3),
)
def test_territories_of_any_size_and_end_have_dealings(
    customers: int, end: date, years: int, customer_years: int
) -> None:
    size = {"customers": customers, "end": end, "years": years, "customer_years": customer_years}
    territory = simulate(TINY.model_copy(update=size))
    for table in DEALINGS:
        frame, contract = territory.frame(table), CONTRACTS[table]
        text = {f.name: "str" for f in contract.fields if f.kind == "text"}
        contract.schema.validate(frame.astype(text), lazy=True)
        assert not frame.duplicated([*contract.key, "available_at"]).any()
        assert not len(frame) or frame["available_at"].max() <= territory.end
    assert set(territory.truth) >= {"burst", "topic", "habit", "open_bill"}
