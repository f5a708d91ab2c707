"""What can go wrong, each kind with its exit code. Imports nothing, so that every part may raise these."""


class CnncliError(Exception):
    """An expected failure: the command line prints it as one line on stderr and exits with `exit_code`."""

    exit_code = 1


class CheckFailed(CnncliError):
    """A check or verification that does not hold (exit 1)."""

    exit_code = 1


class UsageError(CnncliError):
    """A wrong argument: an unknown name, a value that cannot be read, a network that cannot exist (exit 2)."""

    exit_code = 2


class LayerError(UsageError, ValueError):
    """A layer with impossible arguments, or one that its input does not fit."""


class MachineError(CnncliError):
    """Something that the machine lacks or refuses: a package, a writable path, room on the disk (exit 3)."""

    exit_code = 3
