"""What stands behind the HTTP routes in one process: answers, keys, and the threads both run on."""

import gc
import json
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from features.errors import HeadroomError
from features.workspace import Workspace
from serving.access import Principal
from serving.answers import Answers
from serving.customers.desk import CustomerDesk
from serving.desk.applications import Applications
from serving.desk.basing import LEDGERS
from serving.desk.connecting import Connecting
from serving.desk.digests import Digests
from serving.desk.happenings import Happenings
from serving.desk.promises import Promises
from serving.desk.switching import Switching
from serving.intake import Intake
from serving.pushes.desk import PushDesk
from serving.rechecking import Rechecker
from serving.refusals import BusyError, FieldFault, TooSlowError, UnauthenticatedError
from serving.served import ServedLog
from serving.settings import ServiceSettings, command_name
from serving.state import KeyStore, open_state

__all__ = ["Backend"]

T = TypeVar("T")


class Backend:
    """Use cases and keys, called from the event loop. The state is opened on first use, so that a database that is
    down makes the service not ready instead of making it crash.
    """

    def __init__(self, workspace: Workspace, settings: ServiceSettings, answers: Answers) -> None:
        self.workspace, self.settings, self.answers = workspace, settings, answers
        self._keys: KeyStore | None = None
        self._keys_lock = threading.Lock()
        self.intake = Intake(workspace, settings)
        self.applications = Applications(answers.holdings, lambda: self.keys().engine)
        self.promises = Promises(self.applications)
        self.connecting = Connecting(self.applications)
        self.transfers = Switching(answers.holdings)
        self.happenings = Happenings(answers.holdings, lambda: self.keys().engine)
        self.digests = Digests(answers.holdings, lambda: self.keys().engine)
        self.customers = CustomerDesk(answers, lambda: self.keys().engine)
        self.pushes = PushDesk(self.customers, self.applications)
        self.watcher = Rechecker("watch", self.happenings.watch, settings.watch_seconds)
        self.rechecker = Rechecker("recheck", self.applications.recheck, settings.recheck_seconds)
        answers.held = lambda: self.applications.queue().ledger.held()[1]
        self.warmed = threading.Event()
        self._started = time.monotonic()
        self.served = ServedLog(lambda: self.keys().engine, settings.keep_queue_bytes, settings.kept_days)
        if settings.keep_forecasts:
            answers.keep = self.served.offer

    @cached_property
    def _limiter(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(self.settings.threads)

    def keys(self) -> KeyStore:
        """The key store; ConfigError while its database cannot be reached."""
        with self._keys_lock:
            if self._keys is None:
                self._keys = KeyStore(open_state(self.settings.state_url or self.workspace.state_url))
            return self._keys

    def start_warming(self) -> None:
        """Read everything in the background; `/readyz` says so, and waits for it a little. Queue and
        nodes are looked at from now on, too."""
        self.rechecker.start()
        self.watcher.start()
        self._started = time.monotonic()
        threading.Thread(target=self._warm, name="warm-up", daemon=True).start()

    def _warm(self) -> None:
        try:
            self.answers.warm()
            self.customers.holdings.warm()
            # What was read stays for long, like the modules: collections need not look through it again and again.
            gc.collect()
            gc.freeze()
        finally:
            self.warmed.set()

    def close(self) -> None:
        """Store the forecasts that wait for it, and let go of the state's connections."""
        self.rechecker.close()
        self.watcher.close()
        self.served.close()
        self.customers.pulls.close()
        if self._keys is not None:
            self._keys.engine.dispose()

    def take(self, who: Principal, table: str, key: str, media_type: str, body: bytes) -> dict[str, Any]:
        """Bring rows in; a ledger that changed is reason to look at the queue again, readings to look at the nodes."""
        taken = self.intake.take(who, table, key, media_type, body)
        if table in LEDGERS:
            self.rechecker.ask()
        if table == "node_load":
            self.watcher.ask()
        return taken

    async def authenticate(self, header: str | None) -> Principal:
        """The principal of an Authorization header; UnauthenticatedError without a valid key."""
        scheme, _, key = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise UnauthenticatedError("give an API key as Authorization: Bearer KEY")
        found = await self.run(lambda: self.keys().authenticate(key.strip()))
        if found is None:
            raise UnauthenticatedError("this API key is not valid")
        return found

    async def answer(self, use_case: Callable[[], dict[str, Any]]) -> bytes:
        """Run a use case in a thread and encode what it returns, there too: a large answer must not stop the loop."""
        return await self.run(
            lambda: json.dumps(use_case(), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        )

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread within the time a request may take; turn it away when too many wait already."""
        if self._limiter.statistics().tasks_waiting >= self.settings.max_waiting:
            raise BusyError("too many requests are waiting; try again in a moment")
        try:
            with anyio.fail_after(self.settings.timeout_seconds):
                # Abandoned work goes on and its result is kept where results are kept, so a second try finds it.
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
        except TimeoutError as error:
            raise TooSlowError(f"no answer within {self.settings.timeout_seconds:g} seconds") from error

    def not_ready(self) -> list[FieldFault]:
        """What stands between the service and its answers; empty when it is ready."""
        faults = [FieldFault(part, message) for part, message in self.answers.missing()]
        try:
            self.keys()
        except HeadroomError as error:
            faults.append(FieldFault("state", str(error)))
        # A large lake takes long to read; published capacity does not have to wait for it, only forecasts do.
        if not self.warmed.is_set() and time.monotonic() - self._started < self.settings.warm_up_seconds:
            faults.append(FieldFault("warm-up", "models and histories are being read"))
        return faults

    def notes(self) -> list[str]:
        """What deserves a look though answers are given."""
        notes = [] if self.warmed.is_set() else ["histories are still being read: the first forecast waits for them"]
        if not self.keys().any_valid():
            notes.append(f"no API key is valid yet: `{command_name()} keys add NAME --role planner`")
        return notes + self.served.notes()
