"""The customers' part of the main job: models through the gate, tags published, and offers by both."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from features.clock import Calendar
from features.configs import config_path
from features.errors import ModelError, NotFoundError
from features.settings import load_settings
from features.workspace import Workspace

if TYPE_CHECKING:
    from datetime import datetime

    from serving.customers.publish import PublishedTags
    from serving.pushes.publish import PublishedPushes
    from training.promotion import Verdict

__all__ = ["publish_customers", "publish_offers", "train_customer_models"]

_DEMO_CONFIGS = {"value": "demo/value.yaml", "anomaly": "demo/anomaly.yaml"}
"""Settings for the demo territory: what two years can tell, and what a short job can learn."""

Say = Callable[[str], None]


def train_customer_models(workspace: Workspace, say: Say) -> Mapping[str, "Verdict | str"]:
    """Train and promote every family; by name the gate's verdict, or why there is no model in words.

    A territory too young or too small for a model of customers is no failure: tags on its scores are then unknown.
    """
    from training.customers.families import NAMES, family
    from training.customers.jobs import train_customers
    from training.promotion import PromotionPolicy, promote_challenger

    policy = load_settings(PromotionPolicy, config_path("policy/promotion.yaml"))
    found: dict[str, Verdict | str] = {}
    for name in NAMES:
        one = family(name)
        settings = load_settings(one.config_type, config_path(_DEMO_CONFIGS.get(name, one.config_file)))
        try:
            trained = train_customers(workspace, one, settings, say=_within(say, f"train {name}"))
        except (ModelError, NotFoundError) as error:
            found[name] = str(error)
            continue
        within = _within(say, f"promote {name}")
        found[name] = promote_challenger(workspace, name, policy, trained.version, say=within)
    return found


def publish_customers(workspace: Workspace, say: Say) -> "PublishedTags | str":
    """Publish features, scores and tags as of the newest use; why not, in words, where no customer is known."""
    from serving.customers.publish import publish_tags
    from serving.settings import service_settings
    from serving.state import open_state

    engine = open_state(service_settings(workspace).state_url or workspace.state_url)
    try:
        return publish_tags(workspace, engine, say=_within(say, "publish tags"))
    except NotFoundError as error:
        return str(error)
    finally:
        engine.dispose()


def publish_offers(workspace: Workspace, say: Say) -> "PublishedPushes | str":
    """Offers as of the first working morning after the newest snapshot; why there are none, in words."""
    from serving.pushes.learning import serving_uplift
    from serving.pushes.material import snapshot_by
    from serving.pushes.publish import publish_pushes
    from serving.settings import service_settings
    from serving.state import open_state

    engine = open_state(service_settings(workspace).state_url or workspace.state_url)
    try:
        newest = snapshot_by(workspace, pd.Timestamp.now(tz="UTC").to_pydatetime())
        now = _working_morning(workspace, newest.as_of)
        return publish_pushes(workspace, engine, now, say=_within(say, "publish pushes"), score=serving_uplift)
    except NotFoundError as error:
        return str(error)
    finally:
        engine.dispose()


def _working_morning(workspace: Workspace, after: pd.Timestamp) -> "datetime":
    """Ten o'clock of the first local day after a moment on which people work."""
    territory = workspace.territory()
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    day = calendar.local(pd.DatetimeIndex([after]))[0].normalize()
    days = calendar.days(pd.date_range(day + pd.Timedelta(days=1), periods=30, freq="D"))
    morning = days.index[(days["off"] == 0).to_numpy()][0] + pd.Timedelta(hours=10)
    return morning.tz_localize(territory.time_zone).tz_convert("UTC").to_pydatetime()


def _within(say: Say, job: str) -> Say:
    return lambda step: say(f"{job}: {step}")
