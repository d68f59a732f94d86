"""Compaction beside everything else: one thread at a time, trouble told, tried again later."""

import logging
import threading
import time
from collections.abc import Callable

from index.base import IndexClosed, IndexFault
from index.compressed.building import Cancelled
from index.compressed.compaction import Compactor
from index.working import load_faiss, threads

# Seconds until a compaction that failed is tried again.
AFTER_TROUBLE = 60.0

logger = logging.getLogger(__name__)


class Background:
    """Runs a compactor in a thread for as long as compaction is due and the index is open.

    trouble: why the last compaction failed, or "": the index serves on from what it has.
    """

    def __init__(self, compactor: Compactor, is_due: Callable[[], bool], closed: threading.Event, *, name: str) -> None:
        self.trouble = ""
        self._compactor = compactor
        self._is_due = is_due
        self._closed = closed
        self._name = name
        self._again_at = 0.0
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start_if_due(self) -> None:
        """Start the thread where compaction is due, unless it runs already or has just failed."""
        if time.monotonic() < self._again_at or not self._is_due():
            return
        with self._starting:
            if not self._closed.is_set() and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self.run, name="compaction", daemon=True)
                self._thread.start()

    def run(self) -> None:
        """Compact while it is due; returns at once where another process does."""
        try:
            # Half of the cores at most, so that searches go on.
            with threads(max(1, load_faiss().omp_get_max_threads() // 2)):
                while not self._closed.is_set() and self._is_due() and self._compactor.run():
                    self.trouble = ""
        except (Cancelled, IndexClosed):
            return
        except (IndexFault, OSError, MemoryError) as exc:
            self._again_at = time.monotonic() + AFTER_TROUBLE
            self.trouble = f"{type(exc).__name__}: {exc}"
            logger.warning("compaction of %s failed: %s", self._name, self.trouble)

    def join(self) -> None:
        """Wait for the thread, which ends soon once the index is closed."""
        with self._starting:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
