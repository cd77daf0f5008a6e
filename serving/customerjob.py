"""The customers' part of the main job: train the models of customers, let them through the gate, publish tags."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from features.configs import config_path
from features.errors import ModelError, NotFoundError
from features.settings import load_settings
from features.workspace import Workspace

if TYPE_CHECKING:
    from serving.customers.publish import PublishedTags
    from training.promotion import Verdict

__all__ = ["publish_customers", "train_customer_models"]

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


def _within(say: Say, job: str) -> Say:
    return lambda step: say(f"{job}: {step}")
