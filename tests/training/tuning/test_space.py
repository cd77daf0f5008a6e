"""Search spaces: what is read, what is refused, and that the shipped ones fit the shipped models."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from features.configs import config_path
from features.errors import ConfigError
from features.settings import load_settings
from training.demand import DemandConfig
from training.peak import PeakConfig
from training.tuning import DemandSpace, DemandTuning, Dimension, PeakSpace, PeakTuning, Space


def space(**parameters: dict[str, object]) -> Space:
    return Space(parameters={name.replace("__", "."): Dimension(**one) for name, one in parameters.items()})


class TestShipped:
    def test_the_demand_space_fits_the_defaults_and_the_demo(self) -> None:
        shipped = load_settings(DemandSpace, config_path("demand.space.yaml"))
        assert shipped.study == DemandTuning()
        for name in ("demand.yaml", "demo/demand.yaml"):
            assert shipped.checked(load_settings(DemandConfig, config_path(name)), name) is shipped

    def test_the_peak_space_fits_the_defaults(self) -> None:
        shipped = load_settings(PeakSpace, config_path("peak.space.yaml"))
        assert shipped.study == PeakTuning()
        assert shipped.checked(load_settings(PeakConfig, config_path("peak.yaml")), "peak") is shipped


class TestDimension:
    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"low": 1},
            {"low": 2, "high": 1},
            {"low": 0, "high": 1, "log": True},
            {"low": 1, "high": 9, "log": True, "step": 2},
            {"choices": [1]},
            {"choices": [1, 2], "low": 0},
            {"low": 1, "high": 2, "hgih": 3},
        ],
    )
    def test_what_is_neither_a_range_nor_choices_is_refused(self, values: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            Dimension(**values)


class TestChecked:
    def test_every_fault_is_named_at_once(self) -> None:
        wrong = space(
            booster__round={"low": 1, "high": 2},
            booster={"low": 1, "high": 2},
            levels={"choices": [1, 2]},
            booster__learning_rate={"low": 0.01, "high": 3.0},
            booster__leaves={"low": 40, "high": 90},
            booster__rounds={"low": 50, "high": 300, "step": 7},
            booster__bins={"low": 15, "high": 255, "step": 0.5},
            booster__min_leaf_rows={"low": 1.5, "high": 255},
        )
        with pytest.raises(ConfigError) as told:
            wrong.checked(DemandConfig(), "mine.yaml")
        text = str(told.value)
        assert "mine.yaml does not fit DemandConfig" in text
        for part in (
            "booster.round: DemandConfig has no booster.round",
            "booster: booster is no single value",
            "levels: levels is no single value",
            "booster.learning_rate",
            "booster.leaves: the value it has, 8, is not among those to be tried",
            "booster.rounds: the value it has, 200,",
            "booster.bins: a whole number needs a whole step",
            "Input should be a valid integer",
        ):
            assert part in text

    def test_a_yaml_with_an_unknown_key_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "space.yaml"
        path.write_text(yaml.safe_dump({"parameters": {"seed": {"low": 1, "high": 9}}, "fold": 3}))
        with pytest.raises(ConfigError, match="fold"):
            load_settings(DemandSpace, path)


class TestApply:
    @given(rounds=st.integers(10, 500), rate=st.floats(0.01, 1.0), stations=st.integers(1, 9))
    def test_only_what_is_named_changes_and_is_read_back(self, rounds: int, rate: float, stations: int) -> None:
        base = DemandConfig()
        params = {"booster.rounds": rounds, "booster.learning_rate": rate, "linear.stations": stations}
        names = {name: Dimension(low=0, high=1) for name in params}
        changed = Space(parameters=names).apply(base, params)
        assert Space(parameters=names).defaults(changed) == params
        assert Space(parameters=names).apply(changed, Space(parameters=names).defaults(base)) == base

    def test_a_value_the_settings_refuse_is_a_config_error(self) -> None:
        with pytest.raises(ConfigError, match=r"booster\.rounds"):
            space(booster__rounds={"low": 1, "high": 2}).apply(DemandConfig(), {"booster.rounds": 1})

    def test_whole_numbers_stay_whole_though_the_range_says_floats(self) -> None:
        one = space(booster__leaves={"low": 8.0, "high": 64.0, "log": True}, booster__l2={"low": 1, "high": 9})
        found = one.distributions(DemandConfig())
        assert type(found["booster.leaves"]).__name__ == "IntDistribution"
        assert type(found["booster.l2"]).__name__ == "FloatDistribution"
