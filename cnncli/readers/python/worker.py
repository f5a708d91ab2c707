"""The child that calls a person's function and reads the model that it gives: `python -m cnncli.readers.python.worker`.

Everything here that is not ours is told by what it is called and has, not by importing its library: what the function
returned has imported it, or it has not returned that.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from cnncli.amounts import is_known
from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.errors import CnncliError, MachineError, UsageError, bringing, installing, suggestion
from cnncli.graph import Graph
from cnncli.readers.opening import read_file
from cnncli.readers.python.call import Job, Reference, plain_reading
from cnncli.readers.reading import Reading
from cnncli.words import visible

EXPECTED = "a keras.Model, a torch.export.ExportedProgram, a Graph or Network of cnncli, or the path of a model file"
LONGEST_MESSAGE = 500


def work(job: Job, tell: Tell) -> dict[str, Any]:
    """Find the callable, call it, and read what it gives; the Reading's data."""
    tell(f"Calling {job.reference.text}")
    _set_path(job.reference)
    with _Guarded(job, job.reference.place):
        module = _imported(job.reference)
    found = _found(module, job.reference)
    if _is_model(found):
        return plain_reading(_reading(found, job))
    if not callable(found):
        raise UsageError(f"{job.reference.text} is {_described(found)}, which cannot be called and is no model")
    arguments = _arguments(found, job)
    with _Guarded(job, job.reference.text):
        result = found(**arguments)
    return plain_reading(_reading(result, job))


# Finding it.


def _set_path(reference: Reference) -> None:
    """Where its imports are looked for: as `python file.py` does, or `python -m module`; without arguments."""
    sys.argv[:] = [reference.place]
    here = str(Path.cwd())
    folder = str(Path(reference.place).resolve().parent) if reference.is_file else here
    sys.path.insert(0, folder)
    if folder != here:
        sys.path.append(here)


def _imported(reference: Reference) -> ModuleType:
    if not reference.is_file:
        return _module(reference)
    path = Path(reference.place).resolve()
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_in_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{reference.place} is no file with Python code")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _module(reference: Reference) -> ModuleType:
    try:
        return importlib.import_module(reference.place)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing != reference.place and not reference.place.startswith(f"{missing}."):
            raise  # one that the module itself needs
        near = suggestion(missing.rpartition(".")[2], _modules_beside(missing))
        raise UsageError(f"{reference.text}: there is no module {missing}{near}") from None


def _modules_beside(missing: str) -> list[str]:
    """What could have been meant: the modules in the folder where it was looked for."""
    package = missing.rpartition(".")[0]
    folders = list(sys.modules[package].__path__) if package in sys.modules else [str(Path.cwd())]
    found = [each for folder in folders if Path(folder).is_dir() for each in Path(folder).iterdir()]
    return sorted(each.stem for each in found if each.suffix == ".py" or (each.is_dir() and any(each.glob("*.py"))))


def _found(module: ModuleType, reference: Reference) -> Any:
    """The attribute that is named, perhaps of an attribute."""
    found: Any = module
    for part in reference.name.split("."):
        if not hasattr(found, part):
            known = [name for name in dir(found) if not name.startswith("_")]
            raise UsageError(f"{reference.text}: {reference.place} has no {part}{suggestion(part, known)}")
        found = getattr(found, part)
    return found


# Calling it.


def _arguments(function: Any, job: Job) -> dict[str, Any]:
    """The arguments' values. Raises UsageError where the function takes others."""
    values = {name: _value(text) for name, text in job.arguments.items()}
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a function in C that does not tell
        return values
    _check_arguments(parameters, values, job.reference)
    return values


def _value(text: str) -> Any:
    """A literal of Python where it is one, else the text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text


def _check_arguments(parameters: Mapping[str, inspect.Parameter], values: Mapping[str, Any], which: Reference) -> None:
    named = {name: each for name, each in parameters.items() if each.kind in _NAMED}
    takes_all = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
    unknown = [name for name in values if name not in named and not takes_all]
    if unknown:
        near = suggestion(unknown[0], list(named)) or f"; it takes {', '.join(named) or 'none'}"
        raise UsageError(f"{which.text} has no argument {unknown[0]}{near}")
    empty = inspect.Parameter.empty
    missing = [name for name, each in named.items() if each.default is empty and name not in values]
    if missing[:1] == ["self"] and "." in which.name:
        owner = which.name.rpartition(".")[0]
        raise UsageError(f"{which.text} needs self; name a function that makes a {owner} and gives what this one does")
    by_place = [name for name, each in parameters.items() if each.kind is inspect.Parameter.POSITIONAL_ONLY]
    if by_place and parameters[by_place[0]].default is empty:
        raise UsageError(f"{which.text} takes {by_place[0]} by its place only; wrap it in a function that takes names")
    if missing:
        shown = " ".join(f"--call-with {name}=VALUE" for name in missing)
        raise UsageError(f"{which.text} needs {', '.join(missing)}: {shown}")


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class _Guarded:
    """A block of a person's code: whatever it raises is one line, and the whole where that is asked for."""

    def __init__(self, job: Job, what: str) -> None:
        self._job, self._what = job, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        if error is None or isinstance(error, CnncliError):
            return
        if isinstance(error, SystemExit):
            raise UsageError(f"{self._what} ended its process: sys.exit({error.code!r}){self._place(error)}") from None
        if self._job.traceback:
            inner = error.__traceback__.tb_next if error.__traceback__ else None
            sys.stderr.write("".join(traceback.format_exception(type(error), error, inner)))
            sys.stderr.flush()
        told = visible(" ".join(str(error).split())[:LONGEST_MESSAGE])
        message = f"{self._what} raised {type(error).__name__}{f': {told}' if told else ''}{self._place(error)}"
        if isinstance(error, ModuleNotFoundError) and (extra := bringing(error.name or "")):
            raise MachineError(f"{message}: {installing(extra)}") from None
        raise UsageError(message + _advice(error, self._job.reference)) from None

    def _place(self, error: BaseException) -> str:
        """Where in the person's code it happened: the deepest line of the named file, else of those below here."""
        if isinstance(error, SyntaxError) and error.filename:
            return f" (line {error.lineno} of {_shown(error.filename)})"
        places = [(frame.f_code.co_filename, line) for frame, line in _frames(error)]
        for is_theirs in (self._is_named, _is_below):
            found = [(name, line) for name, line in places if is_theirs(name)]
            if found:
                name, line = found[-1]
                return f" (line {line} of {_shown(name)})"
        return ""

    def _is_named(self, name: str) -> bool:
        reference = self._job.reference
        if reference.is_file:
            return Path(name) == Path(reference.place).resolve()
        module = sys.modules.get(reference.place)
        return module is not None and name == getattr(module, "__file__", None)


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    return traceback.walk_tb(error.__traceback__)


def _is_below(name: str) -> bool:
    """Whether a file lies in the working directory, and not among what was installed there."""
    return name.startswith(str(Path.cwd()) + os.sep) and "site-packages" not in name


def _shown(name: str) -> str:
    try:
        return str(Path(name).relative_to(Path.cwd()))
    except ValueError:
        return name


def _advice(error: BaseException, reference: Reference) -> str:
    if isinstance(error, ImportError) and "relative import" in str(error) and reference.is_file:
        parts = Path(reference.place).with_suffix("").parts
        module = ".".join(parts) if len(parts) > 1 and all(map(str.isidentifier, parts)) else f"package.{parts[-1]}"
        return f"; name it as a module: {module}:{reference.name}"
    return ""


# What it gives.


def _kinds(result: Any) -> set[str]:
    """The classes that a thing is of, as `package.Name` with the first part of the module alone."""
    return {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(result).__mro__}


def _is_keras(result: Any) -> bool:
    return bool(_kinds(result) & {"keras.Model", "tf_keras.Model", "tensorflow.Model", "keras.Sequential"})


def _is_model(result: Any) -> bool:
    """Whether it is what a function would have to give: an instance that need not be called."""
    if isinstance(result, type):
        return False
    return (
        _is_keras(result)
        or bool(_kinds(result) & {"torch.Module", "torch.ExportedProgram"})
        or _graph(result) is not None
    )


def _graph(result: Any) -> Graph | None:
    """A graph of ours, or that of a Network."""
    found = result if isinstance(result, Graph) else getattr(result, "graph", None)
    return found if isinstance(found, Graph) else None


def _reading(result: Any, job: Job) -> Reading:
    inside = _among(result)
    if len(inside) == 1:
        result = inside[0]
    graph = _graph(result)
    if graph is not None:
        return Reading(graph, producer="cnncli")
    if _is_keras(result):
        return _of_keras(result, job)
    if "torch.ExportedProgram" in _kinds(result):
        return _of_file(result, "model.pt2", job)
    return _of_content(result, job)


def _of_content(result: Any, job: Job) -> Reading:
    """What a function gives as the content or the path of a file. Raises UsageError for anything else."""
    which, kinds = job.reference.text, _kinds(result)
    if "onnx.ModelProto" in kinds:
        return _of_file(result.SerializeToString(), "model.onnx", job)
    if isinstance(result, (bytes, bytearray)):
        return _of_file(bytes(result), "model.tflite", job)
    if isinstance(result, (str, os.PathLike)):
        return read_file(Path(result))[1]
    if "torch.Module" in kinds:
        raise UsageError(
            f"{which} gives a torch.nn.Module ({type(result).__name__}), which has no shapes without an example; "
            "return torch.export.export(model, (example,))"
        )
    raise UsageError(f"{which} gives {_described(result)}{_wanted(result)}")


def _among(result: Any) -> list[Any]:
    """The models in a tuple, a list or a dict, such as (model, history)."""
    values = result.values() if isinstance(result, Mapping) else result
    return [each for each in values if _is_model(each)] if isinstance(result, (tuple, list, Mapping)) else []


def _wanted(result: Any) -> str:
    """What a function should have given instead of this: one of the models in it, where there are any."""
    several = _among(result)
    if several:
        return f" with {len(several)} models ({', '.join(type(each).__name__ for each in several)}); return one of them"
    own = vars(result) if hasattr(result, "__dict__") and not isinstance(result, type) else {}
    held = (f", which is none; its {name} is one: return that" for name, value in own.items() if _is_model(value))
    return next(held, f"; expected is {EXPECTED}")


def _described(thing: Any) -> str:
    if thing is None:
        return "nothing (None)"
    kind = type(thing)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _of_keras(model: Any, job: Job) -> Reading:
    from cnncli.readers.keras.live import read_model

    with _Guarded(job, f"{job.reference.text}'s model"):
        try:
            graph = read_model(model)
        except UsageError as error:
            raise UsageError(f"{job.reference.text}: {error}") from None
    for node in graph.inputs:
        if not all(map(is_known, node.shape)):
            shape = "x".join(map(str, node.shape))
            graph.warn(f"{node.name} is {shape}: the model leaves sizes open, and what depends on them is unknown")
    module = sys.modules.get(type(model).__module__.partition(".")[0])
    version = getattr(module, "__version__", "") if module else ""
    return Reading(graph, producer=f"Keras {version}".strip())


def _of_file(content: Any, name: str, job: Job) -> Reading:
    """Read what is first written to a file in the child's own temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            with _Guarded(job, f"{job.reference.text}: torch.export.save"):
                sys.modules["torch"].export.save(content, str(path))
        return read_file(path)[1]


if __name__ == "__main__":
    serve(work)
