"""What can go wrong, each kind with its exit code. Imports nothing of the project: every part may raise these."""

from __future__ import annotations

from collections.abc import Mapping


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


PACKAGES = {"PIL": "pillow", "ai_edge_litert": "ai-edge-litert", "keras": "tensorflow", "h5py": "tensorflow"}
"""What is to be installed for a module, where it is not called so; NumPy and HDF5 come with TensorFlow."""


def lacking(error: ImportError) -> MachineError:
    """What a machine lacks where one of our dependencies cannot be imported. An import of our own is raised again."""
    module = (error.name or "").partition(".")[0]
    if module == "cnncli":
        raise error
    package = PACKAGES.get(module, module)
    if isinstance(error, ModuleNotFoundError):
        return MachineError(f"this takes {package}, which is not installed: pip install {package}")
    return MachineError(f"{package or 'a library'} cannot be loaded: {error}")


LONGEST_WORD = 100
"""Characters of a word that somebody may have meant; to compare a much longer one would take seconds."""


def suggestion(word: str, known: Mapping[str, str]) -> str:
    """`; did you mean X?` where one of the known words is near, else nothing."""
    from difflib import get_close_matches  # only for mistakes

    if len(word) > LONGEST_WORD:
        return ""
    begun = [key for key in known if word and key.startswith(word)]
    near = dict.fromkeys(known[key] for key in [*begun, *get_close_matches(word, known, n=3, cutoff=0.5)][:3])
    return f"; did you mean {' or '.join(near)}?" if near else ""
