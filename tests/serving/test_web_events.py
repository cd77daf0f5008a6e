"""The scenario switch over HTTP and on the command line: events assumed, or none, and what is refused."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from serving.answers import Answers
from serving.served import Given
from training.demand.effects import AS_KNOWN

BODY: dict[str, Any] = {"node_ids": ["A1"], "horizon_hours": 6, "quantiles": [0.5]}


def medians(answer: dict[str, Any]) -> list[float]:
    return [row["quantiles_kw"]["0.5"] for row in answer["nodes"][0]["rows"]]


def test_an_assumed_event_changes_the_hours_from_its_start(served: Any) -> None:
    plain = served.post("/v1/forecast", BODY).json()
    start = plain["nodes"][0]["rows"][3]["start_utc"]
    body = {**BODY, "events": "none", "assumed_events": [{"kind": "epidemic", "start_utc": start}]}
    lowered = served.post("/v1/forecast", body).json()
    assert medians(lowered)[:3] == medians(plain)[:3]
    assert medians(lowered)[3:] == pytest.approx([0.5 * kw for kw in medians(plain)[3:]])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"events": "some"}, "events"),
        ({"assumed_events": [{"kind": "parade", "start_utc": "2026-01-01T00:00:00Z"}]}, "kind"),
        ({"assumed_events": [{"kind": "other", "start_utc": "2026-01-01T00:00:00"}]}, "start_utc"),
        ({"assumed_events": [{"kind": "other", "start_utc": "2026-01-01T00:00:00Z", "where": "A1"}]}, "where"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(served: Any, more: dict[str, Any], field: str) -> None:
    refused = served.refusal(served.post("/v1/forecast", {**BODY, **more}), 422, "INVALID_FIELD")
    assert field in " ".join(refused.fields)


def test_a_scenario_is_not_kept_as_a_forecast_given(
    serve: Callable[..., Any], full_workspace: Any, copied: Callable[..., Any]
) -> None:
    own = serve(copied(full_workspace))
    kept: list[Given] = []
    answers: Answers = own.backend.answers
    answers.keep = kept.append
    own.post("/v1/forecast", {**BODY, "events": "none"})
    assert kept == []
    own.post("/v1/forecast", BODY)
    assert len(kept) == 1


def test_the_switch_reaches_the_model_as_it_was_asked(served: Any) -> None:
    from serving.event_switch import scenario_of
    from serving.messages import NodesForecastRequest

    assert scenario_of(NodesForecastRequest.model_validate(BODY)) is AS_KNOWN
    assumed = [{"kind": "other", "start_utc": "2026-01-01T08:00:00+08:00", "node_id": "F1"}]
    found = scenario_of(NodesForecastRequest.model_validate({**BODY, "events": "none", "assumed_events": assumed}))
    assert not found.known
    assert found.assumed is not None
    row = found.assumed.iloc[0]
    assert (row["scope_kind"], row["scope_id"]) == ("node", "F1")
    assert row["start_utc"] == pd.Timestamp("2026-01-01", tz="UTC")
    assert pd.isna(row["end_utc"])
