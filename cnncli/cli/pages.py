"""The pages of `cnncli help` that are of no command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.cli.help import conventions as counted
from cnncli.cli.help import entry, held, panels, papers
from cnncli.cli.options import OF_FILES, OF_MODELS
from cnncli.document.manual import Chapter, Entry, Manual
from cnncli.document.prose import enumerated

HELP = "cnncli help"


def references() -> Manual:
    """What may be named as a model."""
    first = (
        "Where a command takes a MODEL it takes an architecture by its name, a model file by its path, or a Python "
        "function that makes a model. - stands for the references on the standard input, one a line.",
        "A name of an architecture is that, whatever file lies there; ./NAME is the file. All else with a / or a "
        "suffix of model files is a file.",
    )
    return Manual(f"{HELP} references", "", first, [*_architectures(), *_files(), _examples()])


def _architectures() -> list[Chapter]:
    from cnncli.models.catalogue import OPTIONS
    from cnncli.models.spec import FLAVORS

    flavors = enumerated([f"{name} ({says})" for name, says in FLAVORS.items()], "or")
    form = [
        Entry("NAME", "As `cnncli list` shows it, or an alias: mobilenet_v2, v2, b0. Case, blanks, - and _ do not "
              "matter."),
        Entry("", "Or as Keras, timm, torchvision and published weights call it, with what that says: "
              "keras.applications.MobileNetV2, tf_efficientnet_b0; mobilenet_v2_0.5_96 is "
              "mobilenet_v2:alpha=0.5,input_shape=96."),
        Entry("@FLAVOR", "Whose definition, if not that of the first flavor which `cnncli list FAMILY` tells: "
              f"{flavors}."),
        Entry(":KEY=VALUE,...", "Options, of this model alone."),
    ]  # fmt: skip
    anew = "An option of a model is understood without --set: --dropout 0.3 is --set dropout=0.3. "
    return [
        Chapter("Architectures, as NAME[@FLAVOR][:KEY=VALUE,...]", form),
        Chapter("Their options, for all models named", _declared(OF_MODELS), (
            f"{anew}What is said twice, in a reference or by options, and not alike, is refused.",
        )),
        Chapter("Their keys", [Entry(key, _key(key)) for key in OPTIONS], (
            "`cnncli list FAMILY` tells which of them a model has, and their defaults.",
        )),
    ]  # fmt: skip


def _key(name: str) -> str:
    """What an option of architectures means, and how else it may be written."""
    from cnncli.models.catalogue import option

    known = option(name)
    usual = f" Such as {enumerated(known.values, 'or')}." if known.values else ""
    return known.help + usual + (f" Also called {enumerated(known.also, 'or')}." if known.also else "")


def _declared(title: str) -> list[Entry]:
    """The options of a panel that `summary` has, which has all."""
    from cnncli.cli.commands import load

    command = load("summary")
    return [entry(one) for one in panels(command, command.make_context("summary", [], resilient_parsing=True))[title]]


def _files() -> list[Chapter]:
    from cnncli.readers.formats import FORMATS

    kinds: dict[str, list[str]] = {}
    for each in FORMATS:
        kinds.setdefault(", ".join(each.suffixes) or "a folder", []).append(each.title)
    read = [Entry(suffixes, enumerated(titles, "or")) for suffixes, titles in kinds.items()]
    called = [
        Entry("FILE.py:FUNCTION", "Called in a process of its own; gives a Keras model, or a network of cnncli's."),
        Entry("MODULE:FUNCTION", "The same of what can be imported."),
    ]
    return [
        Chapter("Model files, as PATH", read, (
            "A file is known by its first bytes. Nothing in it is run, and no weights are loaded. models/*.tflite "
            "stands for all model files of such names.",
        )),
        Chapter("Python functions", called),
        Chapter("Their options", _declared(OF_FILES), ("--input-shape settles sizes that a file leaves open.",)),
    ]  # fmt: skip


def _examples() -> Chapter:
    examples = {
        "cnncli summary v2 --alpha 0.5 --input-shape 96": "An architecture, half as wide, of small pictures.",
        "cnncli compare v2 v2:alpha=1.4 v2@article": "An option, and a flavor, of one model alone.",
        "cnncli summary mobilenet_v3_small_100": "As timm calls it.",
        "cnncli plot my.onnx -o my.svg --input-shape 224": "A file, which leaves the size of its pictures open.",
        "cnncli list models/*.tflite": "All files of such names.",
        "cnncli summary train.py:build --call-with width=0.5": "What a function of your own gives.",
        "echo v2 | cnncli summary -": "From the standard input.",
    }
    return Chapter("Examples", [Entry(*pair) for pair in examples.items()], below=True)


def conventions() -> Manual:
    """What each figure counts."""
    first = (
        "One example at inference, unless said otherwise. " + papers(),
        "What is not known is never zero: a sum of which a part is unknown is told as at least (≥), and a size that "
        "nobody knows as ?. JSON says these sentences beside the figures, as `conventions`.",
    )
    chapters = [Chapter("Figures", counted()), Chapter("Memory, as `cnncli memory` tells it", held())]
    return Manual(f"{HELP} conventions", "", first, chapters)


def shell() -> Manual:
    """How commands get on with a shell."""
    first = (
        "Results are on the standard output, all else on the standard error. What is piped is never cut, wrapped or "
        "coloured. A file is written whole or not at all, and an existing one needs --force.",
    )
    chapters = [
        Chapter("Exit codes", _entries(EXIT_CODES)),
        Chapter("Formats of a report, by --format or the suffix of -o", _formats()),
        Chapter("Environment variables", _entries(VARIABLES)),
        Chapter("TAB", (), (
            "`cnncli --install-completion` makes TAB complete commands, options, models, and what stands within a "
            "reference; `cnncli completions SHELL` prints the script.",
        )),
    ]  # fmt: skip
    return Manual(f"{HELP} shell", "", first, chapters)


EXIT_CODES = {
    "0": "Done.",
    "1": "A check failed: over budget, or a verification that does not hold.",
    "2": "Wrong usage: an unknown name, a value that cannot be read, a network that cannot exist.",
    "3": "Something that the machine lacks or refused: a package, room on the disk, a path.",
    "130": "Interrupted.",
}
VARIABLES = {
    "PAGER": "What shows page by page, on a terminal, what is longer than it: less -FRX unless set; cat or nothing "
    "for none, as --no-pager.",
    "LESS": "Options of less, instead of these.",
    "NO_COLOR": "No colours; FORCE_COLOR=1: colours where no terminal is seen.",
    "COLUMNS": "The width, of a pipe too.",
}


def _entries(told: Mapping[str, str]) -> list[Entry]:
    return [Entry(*pair) for pair in told.items()]


def _formats() -> list[Entry]:
    from cnncli.render.formats import FORMATS

    return [Entry(name, _format(format)) for name, format in FORMATS.items()]


def _format(format: Any) -> str:
    suffixes = enumerated(format.suffixes or ("no suffix", ".txt"), "or") if not format.about or format.suffixes else ""
    return "; ".join(filter(None, (format.about, suffixes, "of `check` alone" if format.checks else "")))
