"""What the service tells about itself: one log line and one count per request, nothing personal in either.

A line names the key's public id, never its owner's name; a metric's labels are the route's template, the method and
the status, so their number is bounded whatever paths are asked for.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["METRICS_TYPE", "Observe", "Telemetry", "request_id_of"]

METRICS_TYPE = CONTENT_TYPE_LATEST
UNMATCHED = "(unmatched)"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_log = logging.getLogger("headroom.service")


class Telemetry:
    """Counters of one process; where several processes serve, `render` adds theirs up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self.requests = Counter("headroom_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "headroom_request_seconds",
            "Time to answer.",
            ("route", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

        self.forecasts = Counter(
            "headroom_forecasts_kept",
            "Forecasts of single nodes given: stored for scoring, or dropped.",
            ("outcome",),
            registry=self.registry,
        )

    def kept(self, outcome: str, number: int) -> None:
        """Count forecasts that were `stored` or `dropped`."""
        self.forecasts.labels(outcome).inc(number)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        known = method if method in _METHODS else "(other)"
        self.requests.labels(route, known, str(status)).inc()
        self.seconds.labels(route, known).observe(seconds)

    def render(self) -> bytes:
        """The metrics in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)
        return generate_latest(together)


class Observe:
    """ASGI middleware: gives every request an id, and reports it when it is answered."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self.app, self.telemetry = app, telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        # An error that nothing foresaw passes through here before it is answered as 500.
        status, started = 500, time.perf_counter()

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self.app(scope, receive, observed)
        finally:
            self._report(scope, status, time.perf_counter() - started)

    def _report(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self.telemetry.count(route, scope["method"], status, seconds)
        state = scope["state"]
        who = state.get("principal")
        _log.info(
            "request=%s key=%s role=%s method=%s route=%s status=%d ms=%.1f",
            state["request_id"],
            getattr(who, "key_id", "-"),
            getattr(who, "role", "-"),
            _printable([scope["method"]]),
            route,
            status,
            seconds * 1000,
        )


def request_id_of(scope: Scope) -> str:
    """The id `Observe` gave to the request."""
    state: dict[str, Any] = scope.get("state", {})
    return str(state.get("request_id", ""))


def _printable(words: Iterable[str]) -> str:
    """Only letters, so that nothing a client sends can forge a log line."""
    return re.sub(r"[^A-Za-z]", "", "".join(words))[:16] or "-"
