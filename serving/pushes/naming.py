"""Services and campaigns that are asked for by name: one that nobody knows is refused, and named."""

from serving.decisions.pushes.catalogue import Catalogue
from serving.pushes.store import PushStore
from serving.refusals import FieldFault, UnknownCampaignError, UnknownServiceError

__all__ = ["require_campaign", "require_service"]


def require_service(catalogue: Catalogue, code: str, field: str) -> None:
    """Refuse a service the catalogue does not have; `field` is what named it."""
    if catalogue.service(code) is None:
        message = f"there is no service {code}"
        raise UnknownServiceError(message, [FieldFault(field, message)])


def require_campaign(catalogue: Catalogue, store: PushStore, name: str) -> None:
    """Refuse a campaign that is neither in the catalogue nor in the state: one that is over is in the state alone."""
    if not any(one.campaign == name for one in catalogue.services) and not store.has_campaign(name):
        message = f"there is no campaign {name}"
        raise UnknownCampaignError(message, [FieldFault("campaign", message)])
