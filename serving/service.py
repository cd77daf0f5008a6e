"""The bento: `bentoml serve serving.service:Headroom`, with the workspace named by HEADROOM_WORKSPACE.

BentoML runs the processes, sockets and packaging. Every HTTP request goes to one FastAPI application, because
BentoML's own paths answer errors in shapes of their own, label metrics with raw paths, and load a script from
elsewhere at `/`.
"""

import gc
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

# BentoML reads this when it is imported; `1` would not opt out.
os.environ["BENTOML_DO_NOT_TRACK"] = "true"

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.settings import service_settings, workspace_from_environment
from serving.web import create_app

if TYPE_CHECKING:
    from serving.backend import Backend

__all__ = ["Headroom", "app"]


def make_backend() -> "Backend":
    """The backend of the workspace the environment names."""
    # Imported by the process that answers, not by the one that only starts it: a second less until it is ready.
    from serving.answers import Answers
    from serving.backend import Backend
    from serving.holdings import Holdings

    _log_to_stderr()
    workspace = workspace_from_environment()
    settings = service_settings(workspace)
    # The modules imported so far live as long as the process; not scanning them keeps collections short.
    gc.freeze()
    return Backend(workspace, settings, Answers(Holdings(workspace, settings)))


def _log_to_stderr() -> None:
    logger = logging.getLogger("headroom")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


app = create_app(make_backend)


class FrontDoor:
    """ASGI: HTTP goes to the application; the start and end of the process go to BentoML, which passes them on."""

    def __init__(self, bento: ASGIApp) -> None:
        self.bento = bento

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (app if scope["type"] == "http" else self.bento)(scope, receive, send)


class FrontDoorService(bentoml.Service[Any]):
    """A BentoML service whose worker serves through `FrontDoor`.

    BentoML's timeout cannot be switched off, keeps the context of every request for its whole length (memory grew
    fourfold at a thousand requests a second) and answers in its own shape; the application has its own.
    """

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        return FrontDoor(super().to_asgi(is_main))


# The histories are large, so one process is the default.
@bentoml.service(name="headroom", workers=1, http={"host": "127.0.0.1", "port": 3000}, service_class=FrontDoorService)
@bentoml.asgi_app(app, path="/")
class Headroom:
    """Demand forecasts and open capacity of transformer areas, feeders and substations."""
