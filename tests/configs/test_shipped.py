"""The shipped model settings are the defaults of the code, written out."""

from features.configs import config_path
from features.settings import config_hash, load_settings
from training.demand import DemandConfig
from training.outlook import OutlookConfig


def test_demand_yaml_says_what_the_code_does() -> None:
    assert load_settings(DemandConfig, config_path("demand.yaml")) == DemandConfig()


def test_outlook_yaml_says_what_the_code_does() -> None:
    assert load_settings(OutlookConfig, config_path("outlook.yaml")) == OutlookConfig()


def test_a_changed_value_changes_the_hash() -> None:
    assert config_hash(DemandConfig()) != config_hash(DemandConfig(seed=8))
