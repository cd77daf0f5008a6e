"""Work beside the service's answers, when something came in and every few minutes: the queue, events at nodes."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from features.errors import HeadroomError

__all__ = ["Rechecker"]

_log = logging.getLogger("headroom.service")


class Rechecker:
    """One thread that does `work` when asked, once for any number of asks meanwhile, and every `seconds`.

    What goes wrong is logged and tried again the next time: it waits, nothing is lost.
    """

    def __init__(self, name: str, work: Callable[[], object], seconds: float) -> None:
        self._name, self._work, self._seconds = name, work, seconds
        self._asked, self._ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the first look comes after `seconds`, or when asked."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Look again soon."""
        self._asked.set()

    def close(self) -> None:
        """End after the look that is under way."""
        self._ending.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            self._asked.wait(self._seconds)
            if self._ending.is_set():
                return
            self._asked.clear()
            try:
                self._work()
            except (HeadroomError, SQLAlchemyError) as error:
                _log.warning("%s did not succeed: %s", self._name, error)
