"""The application: what stands before a subcommand, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from cnncli import __version__
from cnncli.cli.commands import Commands
from cnncli.cli.completions import install
from cnncli.cli.everywhere import NoPager, Quiet
from cnncli.errors import CnncliError, MachineError, UsageError, lacking
from cnncli.render.console import MANNER, complain, let_go, mend_sizes, watch_output

app = typer.Typer(
    name="cnncli",
    cls=Commands,
    add_completion=False,  # its bash script breaks at the : and = of a reference; cli/completions.py has ours
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the help is cli/help.py's
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cnncli {__version__}")
        raise typer.Exit()


@app.callback()
def cnncli(
    version: Annotated[
        bool, typer.Option("--version", "-V", "-v", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option("--install-completion", callback=install, is_eager=True, help="Make TAB complete in this shell."),
    ] = False,
    quiet: Quiet = False,
    no_pager: NoPager = False,
) -> None:
    """Inspect, draw, compare, guard and export convolutional networks: known ones by name, your own by file.

    Example: cnncli summary mobilenet_v3_large --alpha 0.75
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (sys.argv's, unless given); every failure is one line on the standard error and a code.

    0 done, 1 a check failed, 2 wrong usage, 3 something that the machine lacks or refused, 130 interrupted.
    """
    MANNER.begin()
    _open_closed_streams()
    watch_output()
    mend_sizes()
    for ending in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):  # Windows has no hang-up
        if signal.getsignal(ending) is not signal.SIG_IGN:  # as under nohup
            signal.signal(ending, _terminated)
    if completing := "_CNNCLI_COMPLETE" in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()  # which Typer leaves out with add_completion=False
    try:
        code = app(arguments, prog_name="cnncli", standalone_mode=False)
        sys.stdout.flush()
    except CnncliError as error:
        code = fail(str(error), error.exit_code)
    except typer.TyperException as error:
        code = fail(error.format_message().replace("Value error, ", ""), error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        code = fail("interrupted", 128 + signal.SIGINT)
    except MemoryError:
        code = fail("not enough memory", MachineError.exit_code)
    except OSError as error:
        code = fail(_system_error(error), MachineError.exit_code)
        let_go()
    except ImportError as error:
        code = fail(str(lacking(error)), MachineError.exit_code)
    except (LookupError, ValueError) as error:
        if not completing:
            raise
        code = fail(f"nothing can be completed with these variables of the shell: {error}", UsageError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _system_error(error: OSError) -> str:
    """What the system refused; an error without a number is a library's own, whose text says all."""
    return str(error) if error.errno is None else f"{error.filename or _place()}: {error.strerror or error}"


def _place() -> str:
    """What a system error is about that names no file: a working directory that was deleted, or the output."""
    try:
        Path.cwd()
    except OSError:
        return "the working directory"
    return "output"


def _open_closed_streams() -> None:
    """A stream that the caller closed (`>&-`) becomes the null device: what would go there is not wanted."""
    null = Path(os.devnull)
    sys.stdin = sys.stdin or null.open(encoding="utf-8")
    sys.stdout = sys.stdout or null.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or null.open("w", encoding="utf-8")


def fail(message: str, code: int) -> int:
    complain(f"cnncli: {message}")
    return code


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """End as an exception, so that nothing half-written stays behind."""
    sys.exit(128 + number)
