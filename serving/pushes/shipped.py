"""The catalogue and the policy of offers in force."""

from pathlib import Path

from features.configs import config_path
from features.settings import load_settings
from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.policy import PushPolicy

__all__ = ["load_catalogue", "load_push_policy"]


def load_catalogue(path: Path | None = None) -> Catalogue:
    """The services of `path`, or those in force (`configs/services.yaml`)."""
    return load_settings(Catalogue, path or config_path("services.yaml"))


def load_push_policy(path: Path | None = None) -> PushPolicy:
    """The policy of `path`, or the one in force (`configs/policy/pushes.yaml`)."""
    return load_settings(PushPolicy, path or config_path("policy/pushes.yaml"))
