"""A Dask cluster on this machine: a scheduler and two workers, each a process of its own, until standard input ends.

It tells the scheduler's address and the workers' process numbers, a line each.
"""

from __future__ import annotations

import logging
import sys


def main() -> None:
    from distributed import LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, memory_limit=None
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        print(*(worker.pid for worker in cluster.workers.values()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
