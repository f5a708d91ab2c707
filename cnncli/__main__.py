"""`python -m cnncli` and the `cnncli` command: loads the application in a way that ^C can interrupt quietly."""

from __future__ import annotations

import sys


def main() -> None:
    """Load and run the command line; see cnncli.cli.app.main for what it ends with."""
    try:
        from cnncli.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
