"""Explanations over HTTP: asked for, they stand beside every row and add up; otherwise nothing changes."""

from collections.abc import Callable
from typing import Any

import pytest

from features.load.groups import GROUPS
from serving.messages import ForecastAnswer
from serving.messages.forecast import Contributions
from serving.settings import ServiceSettings

BODY = {"node_ids": ["A1", "S1"], "horizon_hours": 6}


def test_the_message_knows_the_groups_of_the_model() -> None:
    assert tuple(Contributions.model_fields) == GROUPS


def test_contributions_add_up_to_the_median_of_every_row(served: Any) -> None:
    response = served.post("/v1/forecast", {**BODY, "explain": True})
    for node in ForecastAnswer.model_validate_json(response.content).nodes:
        for row in node.rows:
            assert row.contributions_kw is not None
            assert row.median_kw == row.quantiles_kw["0.5"]
            assert sum(row.contributions_kw.model_dump().values()) == pytest.approx(row.median_kw, rel=1e-9)


def test_an_answer_without_explanations_is_as_it_was(served: Any) -> None:
    plain, explained = (served.post("/v1/forecast", {**BODY, **more}).json() for more in ({}, {"explain": True}))
    for node in explained["nodes"]:
        for row in node["rows"]:
            del row["median_kw"], row["contributions_kw"]
    assert plain == explained
    assert set(plain["nodes"][0]["rows"][0]) == {"start_utc", "lead_hours", "quantiles_kw", "reasons"}


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_explain_is_true_or_false(served: Any, value: Any) -> None:
    response = served.post("/v1/forecast", {**BODY, "explain": value})
    assert "explain" in " ".join(served.refusal(response, 422, "INVALID_FIELD").fields)


def test_too_many_rows_to_explain_are_refused_though_they_could_be_forecast(
    serve: Callable[..., Any], full_workspace: Any, copied: Callable[..., Any]
) -> None:
    own = serve(copied(full_workspace), ServiceSettings(max_explained_rows=10))
    assert own.post("/v1/forecast", BODY).status_code == 200
    refused = own.refusal(own.post("/v1/forecast", {**BODY, "explain": True}), 422, "INVALID_FIELD")
    assert refused.fields == ["horizon_hours"]
    assert "at most 10 explained" in refused.message
