"""The use case of transfers: for a feeder or an area the key sees, from what is published."""

from typing import Any

from features.errors import DataError, NotFoundError
from serving.access import Permission, Principal
from serving.desk.transferring import transfers
from serving.holdings import Holdings
from serving.messages.connecting import TransfersRequest
from serving.orgs import Orgs
from serving.refusals import BadFieldError, UnknownPublicationError

__all__ = ["Switching"]


class Switching:
    """Plans as plain values, in the shape `serving.messages.connecting` declares."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings, self.orgs = holdings, Orgs(holdings)

    def plans(self, who: Principal, request: TransfersRequest) -> dict[str, Any]:
        """Switchings that make room, most gain first, or the reason why there are none."""
        who.require(Permission.CAPACITY_LIVE)
        node = self.orgs.node(who, request.node_id)
        if node.kind not in ("feeder", "area"):
            raise BadFieldError.of("node_id", f"{node.node_id} is a {node.kind}; transfers are of feeders and areas")
        newest = self.holdings.published(None if request.publication == "latest" else request.publication)
        try:
            return transfers(self.holdings.workspace, node.node_id, publication_id=newest.publication_id)
        except NotFoundError as error:
            raise UnknownPublicationError(str(error)) from error
        except DataError as error:
            raise BadFieldError.of("node_id", str(error)) from error
