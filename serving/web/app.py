"""The ASGI application: its routes, its one shape of errors, its telemetry, its life."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from serving.envelope import install_error_shape
from serving.telemetry import Observe, Telemetry
from serving.web import applications, connecting, customers, events, figures, intake, operation, promises, pushes

if TYPE_CHECKING:
    from serving.backend import Backend

__all__ = ["create_app"]

_ROUTERS = (
    figures.router,
    applications.router,
    promises.router,
    connecting.router,
    events.router,
    customers.router,
    pushes.router,
    intake.router,
    operation.router,
)


def create_app(make_backend: Callable[[], "Backend"]) -> FastAPI:
    """The ASGI application; `make_backend` is called when it starts, not before."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.backend = make_backend()
        app.state.backend.served.count = app.state.telemetry.kept
        app.state.backend.start_warming()
        yield
        app.state.backend.close()

    # The usual documentation pages load scripts from elsewhere; the landing page and /openapi.json stand in for them.
    app = FastAPI(
        title="Headroom",
        version="1",
        description="Demand forecasts, open capacity and what is promised of it, at areas, feeders and substations; "
        "tags, scores and portraits of customers, and which services to offer them.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.telemetry = Telemetry()
    app.add_middleware(Observe, telemetry=app.state.telemetry)
    install_error_shape(app)
    for router in _ROUTERS:
        app.include_router(router)
    return app
