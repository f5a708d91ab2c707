"""What can go wrong, each kind with its exit code. Imports nothing of the project: every part may raise these."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


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


def plain(name: str) -> str:
    """A name without what people write differently: its case, blanks, `-` and `_`."""
    return re.sub(r"[\s_-]", "", name.lower())


EXTRAS = {
    "tensorflow": ("tensorflow", "keras", "ai_edge_litert", "flatbuffers", "PIL", "numpy", "h5py"),
    "plot": ("pygraphviz", "matplotlib"),
    "onnx": ("onnx", "onnxruntime"),
    "cluster": ("distributed", "dask"),
    "parquet": ("pyarrow",),
}
"""Our extras, and the modules that we import of what each brings; NumPy and HDF5 come with TensorFlow."""

PACKAGES = {"PIL": "pillow", "ai_edge_litert": "ai-edge-litert"}
"""What a module's package is called, where that is not its name."""


def installing(extra: str) -> str:
    """The command that installs an extra of ours; pip takes what the installed cnncli says of it."""
    return f"pip install 'cnncli[{extra}]'"


def bringing(module: str) -> str:
    """The extra of ours that brings a module; nothing where none does."""
    return next((extra for extra, modules in EXTRAS.items() if module in modules), "")


def lacking(error: ImportError, extra: str = "") -> MachineError:
    """What a machine lacks where one of our dependencies cannot be imported. An import of our own is raised again.

    `extra` is the one of ours that brings the module for what it is wanted, where that is not the usual one.
    """
    module = (error.name or _imported(error)).partition(".")[0]
    if module == "cnncli":
        raise error
    package = PACKAGES.get(module, module) or "a library"
    if isinstance(error, ModuleNotFoundError):
        extra = extra or bringing(module)
        command = installing(extra) if extra else f"pip install {package}"
        return MachineError(f"this takes {package}, which is not installed: {command}")
    return MachineError(f"{package} cannot be loaded: {_innermost(error)}")


def _imported(error: BaseException) -> str:
    """The module that we were importing when one within it failed, and named none."""
    names: list[str] = []
    trace = error.__traceback__
    while trace:
        name = str(trace.tb_frame.f_globals.get("__name__", ""))
        names = [] if name.partition(".")[0] in ("cnncli", "__main__") else [*names, name]
        trace = trace.tb_next
    return next((name for name in names if "importlib" not in name), "")


def _innermost(error: BaseException) -> BaseException:
    """What an import failed of, where libraries put paragraphs of advice around it."""
    inner = error.__cause__ or error.__context__
    return _innermost(inner) if isinstance(inner, (ImportError, OSError)) else error


LONGEST_WORD = 100
"""Characters of a word that somebody may have meant; to compare a much longer one would take seconds."""
NEAR = 3
"""How many names are suggested at most."""


def suggestion(word: str, known: Iterable[str] | Mapping[str, str]) -> str:
    """`; did you mean X?` where one of the known names is near, else nothing; of a mapping, what the names stand for.

    Near is a name that begins as the word does, else one with another number at its end, else what differs in the
    fewest letters, of which few may be wrong, else the longest that the word begins with. The nearest stand first.
    """
    shown = known if isinstance(known, Mapping) else {name: name for name in known}
    typed = plain(word)
    if len(typed) > LONGEST_WORD:
        return ""
    for distance, most in ((_of_beginnings, NEAR), (_of_numbers, NEAR), (_of_letters, NEAR), (_of_endings, 1)):
        found = {name: far for name in shown if (far := distance(typed, plain(name))) is not None}
        least = min(found.values(), default=0)
        kept = [name for name, far in found.items() if far == least or distance is not _of_letters]
        near = list(dict.fromkeys(shown[name] for name in sorted(kept, key=found.__getitem__)))
        if near:
            return f"; did you mean {' or '.join(near[:most])}?"
    return ""


def _of_numbers(word: str, name: str) -> int | None:
    """How far apart the numbers are at the ends of two names that are the same else."""
    found = [re.fullmatch(r"(.*[^0-9])([0-9]{1,9})", each) for each in (word, name)]
    one, other = found
    return abs(int(one[2]) - int(other[2])) if one and other and one[1] == other[1] else None


def _of_beginnings(word: str, name: str) -> int | None:
    return len(name) - len(word) if word and name.startswith(word) else None


def _of_endings(word: str, name: str) -> int | None:
    return len(word) - len(name) if len(name) > 3 and word.startswith(name) else None


def _of_letters(word: str, name: str) -> int | None:
    """How many letters were put in, left out, mistaken or swapped with the next one; None for more than may be.

    The first letter is the one that people get right: where it is another, nothing else may be wrong.
    """
    allowed = sum(max(len(word), len(name)) > length for length in (2, 4, 10))
    if word[:1] != name[:1]:
        allowed = min(allowed, 1)
    if abs(len(word) - len(name)) > allowed:
        return None
    before, row = list(range(len(name) + 1)), list(range(len(name) + 1))
    for place, letter in enumerate(word, 1):
        earlier, before, row = before, row, [place]
        for at, other in enumerate(name, 1):
            least = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (letter != other))
            if place > 1 and at > 1 and (letter, word[place - 2]) == (name[at - 2], other):
                least = min(least, earlier[at - 2] + 1)
            row.append(least)
    return row[-1] if row[-1] <= allowed else None
