"""What a person reads of each fact about a layer: its name, and a sentence with the arithmetic in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cnncli.amounts import UNKNOWN, is_known
from cnncli.analysis.explain.fact import Fact
from cnncli.document.numbers import grouped, in_words, scaled, shape, share
from cnncli.document.prose import enumerated
from cnncli.views.board import equation, number, reckoned
from cnncli.views.explain_channels import of_depthwise, of_width

MOST = 3
"""Names that a sentence lists."""
NOT_KNOWN = "not known"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = [f"{len(names) - MOST} more"] if len(names) > MOST + 1 else []
    return enumerated([*(names[:MOST] if more else names), *more])


# Shape


def _input(fact: Fact) -> str:
    return listed([f"{shape(sizes)} of {name}" for name, sizes in fact.about["read"]])


def _axes(fact: Fact) -> str:
    axes = fact.about["axes"]
    return axes[0].capitalize() if len(axes) == 1 else "Size"


def _size(fact: Fact) -> str:
    rule, stride = fact.about["rule"], fact.about["stride"]
    moved = "each cell" if stride == 1 else f"every {_ordinal(stride)} cell"
    if rule != "valid":
        return f"{reckoned(fact)}: padding {rule}, a window at {moved}"
    extent = fact.about["extent"]
    return f"{reckoned(fact)}: padding valid, a window of {extent} at {moved}, as often as it fits"


def _extent(fact: Fact) -> str:
    dilation, kernel = fact.about["dilation"], fact.about["kernel"]
    return f"{reckoned(fact)}: a kernel of {kernel} that looks at every {_ordinal(dilation)} cell"


ENDS = {
    ("height", "width"): ("at the top and left", "at the bottom and right"),
    ("height",): ("at the top", "at the bottom"),
    ("width",): ("on the left", "on the right"),
}


def _sides(axes: Sequence[str], before: Any, behind: Any) -> str:
    first, last = ENDS.get(tuple(axes), ("before", "behind"))
    return f"{before} {first}, {behind} {last}"


def _borders(fact: Fact) -> str:
    if fact.value == 0:
        return f"{reckoned(fact)}: none are needed"
    return f"{reckoned(fact)}: {_sides(fact.about['axes'], fact.about['before'], fact.about['behind'])}"


def _padded(fact: Fact) -> str:
    return f"{reckoned(fact)}: zeros, {_sides(fact.about['axes'], fact.about['before'], fact.about['behind'])}"


def _cropped(fact: Fact) -> str:
    return f"{reckoned(fact)}: cut, {_sides(fact.about['axes'], fact.about['before'], fact.about['behind'])}"


def _enlarged(fact: Fact) -> str:
    return f"{reckoned(fact)}: each cell becomes {fact.about['times']}"


def _spread(fact: Fact) -> str:
    about = fact.about
    return (
        f"{reckoned(fact)}: each cell spreads over {about['extent']}, {about['stride']} apart, padding {about['rule']}"
    )


def _padded_for(fact: Fact) -> str:
    """Of padding why it is there, of the window that reads it whose borders these are."""
    about = fact.about
    whose = f"by {about['padding']}" if about["read"] else f"for {about['reader']}, {shape(about['extent'])}"
    if fact.value:
        return f"{whose}: what padding same would put at this size"
    same, given = (_both(about[key]) for key in ("same", "given"))
    steps, other = shape(about["steps"]), shape(about["steps_of_same"])
    ends = f"{steps} steps either way" if steps == other else f"{steps} steps instead of {other}"
    return f"{whose}: {given} where padding same would put {same}; {ends}"


def _both(sides: Sequence[tuple[int, int]]) -> str:
    """Cells before and behind along each axis, once where they are alike."""
    told = list(dict.fromkeys(f"{before}+{behind}" for before, behind in sides))
    return enumerated(told)


def _pooled(fact: Fact) -> str:
    return f"{reckoned(fact)} cells of each channel become one"


def _reshaped(fact: Fact) -> str:
    return f"{reckoned(fact)} cells stay as they are"


def _joined(fact: Fact) -> str:
    return f"{reckoned(fact)}: one behind the other"


def _merged(fact: Fact) -> str:
    repeated = fact.about["repeated"]
    told = f"; {enumerated(list(map(shape, repeated)))} repeated over it" if repeated else ""
    return f"the {fact.about['combines']} of {fact.about['inputs']} inputs, cell by cell{told}"


def _output(fact: Fact) -> str:
    cells = f": {equation(fact.reckoned)} cells" if fact.reckoned is not None else ""
    return f"{shape(fact.value)}{cells}"


# Weights and work


def _params(fact: Fact) -> str:
    weights = fact.about["weights"]
    if "of" in fact.about:
        return f"those of {fact.about['of']}, where they are counted"
    if fact.value is UNKNOWN:
        return NOT_KNOWN
    if not weights:
        return "none"
    elsewhere = "; others are counted where an earlier layer holds them" if fact.about["elsewhere"] else ""
    return f"{reckoned(fact)}: {enumerated([name for name, _ in weights])}{elsewhere}"


def _trained(fact: Fact) -> str:
    names = [name for name, _ in fact.about["weights"]]
    return f"{reckoned(fact)}: {enumerated(names)}" if names else "none: training changes none of them"


def _macs(fact: Fact) -> str:
    if fact.value is UNKNOWN:
        return NOT_KNOWN
    if not fact.value:
        return "none: it has no kernel"
    if fact.reckoned is None:
        return number(fact.value)
    kernels = enumerated([shape(kernel) for kernel in fact.about["kernels"]])
    places = fact.about["places"]
    used = f"used at {shape(places)} places" if places else "used once"
    return f"{kernels} kernel weights, each {used}: {equation(fact.reckoned)}"


def _full(fact: Fact) -> str:
    return f"{equation(fact.reckoned)}, {_times(fact.about['times'])} as many, if every filter read every channel"


def _times(ratio: Any) -> str:
    return f"{number(ratio)} times" if isinstance(ratio, int) else f"{ratio:,.2f} times"


def _flops(fact: Fact) -> str:
    if fact.value is UNKNOWN:
        return NOT_KNOWN
    return reckoned(fact) if fact.value else "none counted"


# Memory


def _operation(fact: Fact) -> str:
    about = fact.about
    function = f" and {about['function']}" if about["function"] else ""
    others = f", as one with {listed(about['with'])}" if about["with"] else ""
    return (
        f"{fact.value}{function}, {_ordinal(about['number'] + 1)} of {about['of']} operations ({about['kind']}){others}"
    )


def _bytes(fact: Fact) -> str:
    if fact.reckoned is None:
        return in_words(fact.value, lambda size: f"{grouped(size)} bytes")
    return f"{equation(fact.reckoned)} bytes"


def _live(fact: Fact) -> str:
    """What is held at once, and what of it only waits for a later operation."""
    waiting, peak = fact.about["waiting"], fact.about["peak"]
    waits = f"; {listed(list(map(shape, waiting)))} for a later one" if waiting else ""
    if not (is_known(peak) and is_known(fact.value)):
        return f"{_bytes(fact)}{waits}"
    most = (
        "the most that is held" if peak == fact.value else f"{share(fact.value, peak)} of the most, {scaled(peak, 'B')}"
    )
    return f"{_bytes(fact)}{waits}; {most}"


def _no_operation(fact: Fact) -> str:
    return "the network's input" if fact.about["input"] else f"no operation of its own ({fact.about['kind']})"


# Place


def _receptive_field(fact: Fact) -> str:
    pixels, step = shape(fact.value), fact.about["step"]
    reckoned = f"{equation(fact.reckoned)}: " if fact.reckoned is not None else ""
    apart = "" if step is None else f", {_step(step)} apart from the next cell's"
    return f"{reckoned}{pixels} pixels of the input{apart}"


def _step(step: Sequence[float]) -> str:
    return f"{step[0]:g}" if step[0] == step[1] else f"{step[0]:g}x{step[1]:g}"


def _share(fact: Fact) -> str:
    about = fact.about
    part = share(fact.value * about["of"], about["of"])
    rank = "largest" if about["rank"] == 1 else f"{_ordinal(about['rank'])} largest"
    alike = f", level with {about['alike'] - 1} more" if about["alike"] > 1 else ""
    return f"{part} of {scaled(about['of'])}; {rank} of {about['among']}{alike}"


def _readers(fact: Fact) -> str:
    names = list(fact.about["readers"])
    output = "the network's output" if fact.about["output"] else ""
    return "; ".join(filter(None, [listed(names) if names else "", output])) or "nothing"


def _ordinal(count: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{grouped(count)}{'th' if 10 <= count % 100 <= 20 else ends.get(count % 10, 'th')}"


def _plain(name: str) -> Callable[[Fact], str]:
    return lambda _: name


SENTENCES: Mapping[str, tuple[Callable[[Fact], str], Callable[[Fact], str]]] = {
    "input": (_plain("Reads"), _input),
    "extent": (_plain("Window"), _extent),
    "size": (_axes, _size),
    "borders": (_plain("Zeros around"), _borders),
    "padded": (_axes, _padded),
    "cropped": (_axes, _cropped),
    "enlarged": (_axes, _enlarged),
    "spread": (_axes, _spread),
    "padded_for": (_plain("Padded"), _padded_for),
    "pooled": (_plain("Window"), _pooled),
    "reshaped": (_plain("Cells"), _reshaped),
    "joined": (lambda fact: "Channels" if fact.about["last"] else f"Axis {fact.about['axis'] + 1}", _joined),
    "merged": (_plain("Makes"), _merged),
    "output": (_plain("Puts out"), _output),
    "kept": (_plain("Channels"), lambda fact: f"{number(fact.value)}, as it reads"),
    "depthwise": (_plain("Channels"), of_depthwise),
    "width": (_plain("Channels"), of_width),
    "params": (_plain("Params"), _params),
    "trainable_params": (_plain("Trained"), _trained),
    "macs": (_plain("MACs"), _macs),
    "full_macs": (_plain("In full"), _full),
    "flops": (_plain("FLOPs"), _flops),
    "operation": (_plain("Runs as"), _operation),
    "reads": (_plain("Reads"), _bytes),
    "writes": (_plain("Writes"), _bytes),
    "constants": (_plain("Constants"), _bytes),
    "live": (_plain("Live"), _live),
    "no_operation": (_plain("Runs as"), _no_operation),
    "unknown": (_plain("Runs as"), _plain(NOT_KNOWN)),
    "receptive_field": (_plain("Sees"), _receptive_field),
    "params_share": (_plain("Params"), _share),
    "macs_share": (_plain("MACs"), _share),
    "flops_share": (_plain("FLOPs"), _share),
    "readers": (_plain("Read by"), _readers),
}
"""Of each kind of fact its name and its sentence."""


def name_of(fact: Fact) -> str:
    return SENTENCES[fact.key][0](fact)


def sentence(fact: Fact) -> str:
    return SENTENCES[fact.key][1](fact)
