"""The engine of a Dask cluster: a scheduler at an address has its workers do the chunks.

A worker must have this version of this package. What a worker has not answered before it ended, the scheduler gives to
another; a chunk with which several have ended comes back as lost.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue
from secrets import token_hex
from typing import Any

from cnncli import __version__
from cnncli.errors import MachineError, UsageError
from cnncli.search.engines import Lost
from cnncli.search.evaluation import Row
from cnncli.search.searching import Asked, rows

SECONDS_TO_ANSWER = 5
"""What a scheduler may take to answer at first."""
SECONDS_WITHOUT_WORKERS = 30
"""How long a cluster may have none: those that were lost are started again."""
SECONDS_TO_LOOK = 2
"""How often the workers are counted."""


class Cluster:
    patience = 1  # Dask itself has tried several times before it says that a chunk is lost

    def __init__(self, address: str, asked: Asked) -> None:
        self._address, self._asked, self._name = address, asked, token_hex(8)
        self._done: SimpleQueue[Any] = SimpleQueue()
        self._given: dict[str, int] = {}
        self._futures: dict[str, Any] = {}  # a result that nobody refers to is dropped
        self._client: Any = None
        self._threads, self._looked, self._seen = 0, 0.0, 0.0

    def __enter__(self) -> Cluster:
        """Raises MachineError where no scheduler answers, UsageError for what is no address."""
        import distributed

        logging.disable()  # of workers that are lost, and replaced, to the end of this process: what matters is raised
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions that differ: what matters of them is asked for below
            try:
                self._client = _client(distributed)(self._address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
            except ValueError as error:
                raise UsageError(f"--scheduler {self._address}: {error}; such as tcp://10.0.0.1:8786") from None
            except Exception:  # such as what a web server's answer sets off
                raise MachineError(f"--scheduler {self._address}: no Dask scheduler answers there") from None
        self._seen = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            for future in self._futures.values():
                self._quietly(future.release)
            self._quietly(lambda: self._client.close(timeout=SECONDS_TO_ANSWER))

    @staticmethod
    def _quietly(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # of a cluster that is gone
            logging.getLogger(__name__).debug("%s", error)

    @property
    def room(self) -> int:
        """Twice as many chunks as its workers do at once; they come and go."""
        if time.monotonic() - self._looked > SECONDS_TO_LOOK:
            self._look()
        return max(2 * self._threads, 2)

    def _look(self) -> None:
        """Count what the workers do at once. Raises MachineError where for long there have been none."""
        try:
            self._threads = sum(self._client.nthreads().values())
        except Exception as error:
            raise self._gone() from error
        self._looked = time.monotonic()
        if self._threads:
            self._seen = self._looked
        elif self._looked - self._seen > SECONDS_WITHOUT_WORKERS:
            raise MachineError(f"the scheduler at {self._address} has no workers")

    def _gone(self) -> MachineError:
        return MachineError(f"the scheduler at {self._address} no longer answers")

    def give(self, number: int, references: Sequence[str]) -> None:
        """A key is never used again, so that no old result can be taken for a new one."""
        key = f"cnncli-{self._name}-{number}-{token_hex(4)}"
        self._given[key] = number
        try:
            future = self._client.submit(worked, __version__, list(references), self._asked, key=key, pure=False)
        except Exception as error:
            raise self._gone() from error
        self._futures[key] = future
        future.add_done_callback(self._done.put)

    def take(self) -> tuple[int, list[Row] | Lost]:
        from distributed import KilledWorker

        future = self._next()
        number = self._given.pop(future.key)
        del self._futures[future.key]
        try:
            return number, future.result()
        except KilledWorker:
            return number, Lost("as several workers of the cluster have shown")
        except ModuleNotFoundError as error:
            raise MachineError(
                f"a worker of the cluster lacks {error.name}: install cnncli {__version__} there"
            ) from None
        except MachineError:
            raise
        except (CancelledError, OSError):
            raise self._gone() from None
        except Exception as error:
            raise MachineError(f"a worker of the cluster failed: {type(error).__name__}: {error}") from None

    def _next(self) -> Any:
        while True:
            try:
                return self._done.get(timeout=SECONDS_TO_LOOK)
            except Empty:
                self._look()


def _client(distributed: Any) -> Any:
    """Dask's client, but that one which was never connected does not complain when it is dropped."""
    return type("Client", (distributed.Client,), {"__del__": lambda self: None})


def worked(version: str, references: Sequence[str], asked: Asked) -> list[Row]:
    """At a worker: the rows of a chunk. Raises MachineError where another version would count otherwise."""
    if version != __version__:
        raise MachineError(f"a worker of the cluster has cnncli {__version__}: install {version} there")
    return rows(references, asked)
