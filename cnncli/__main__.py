"""`python -m cnncli` and the `cnncli` command: loads the application in a way that ^C can interrupt quietly."""

# Modules that Python has loaded before, and not even `__future__`: others might be found in the working directory.
import gc
import os
import sys


def leave_the_working_directory() -> None:
    """Take the working directory off the path, where `python -m` puts it first: what lies in it is never imported."""
    try:
        here = os.getcwd()  # noqa: PTH109 (pathlib would be imported from there)
    except OSError:  # it was deleted
        return
    if sys.path and sys.path[0] in ("", here):
        del sys.path[0]


def main() -> None:
    """Load and run the command line; see cnncli.cli.app.main for what it ends with."""
    gc.set_threshold(500_000)  # what is loaded and read stays to the end: looking for garbage took a tenth of the time
    try:
        leave_the_working_directory()
        from cnncli.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        sys.exit(130)  # ^C in a __set_name__: until Python 3.12 a class that is being made turns it into this
    finally:
        gc.freeze()  # and goes with the process: to look through it once more at the end took another tenth


if __name__ == "__main__":
    main()
