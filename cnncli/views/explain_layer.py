"""`cnncli explain MODEL LAYER`: a layer's arithmetic, as one would write it on a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.analysis.explain.arithmetic import is_expression
from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.analysis.explain.layer import Explained, explained
from cnncli.document.document import Document
from cnncli.document.table import Column, Heading, Table
from cnncli.graph import Node
from cnncli.graph.layer import written_arguments
from cnncli.network import Network
from cnncli.views.board import equation, tree
from cnncli.views.data import model_data, versioned
from cnncli.views.explain_sentences import name_of, sentence

SUBJECTS = {
    Subject.SHAPE: "Shape",
    Subject.CHANNELS: "Channels",
    Subject.WEIGHTS: "Weights",
    Subject.WORK: "Work",
    Subject.MEMORY: "Deployed",
    Subject.PLACE: "Network",
}
ROOM = 60
"""Characters from which on there is room for three columns."""


def layer_document(network: Network, node: Node) -> Document:
    found = explained(network, node)
    return Document(
        title=f"{network.reference}: {node.name}",
        sections=lambda width: [_table(found, width)],
        data=lambda: versioned(_data(found)),
        sheet=lambda: Table(_sheet_columns(found), found.facts),
    )


class Line(NamedTuple):
    """A fact; of the first about a subject with that before it."""

    subject: str
    fact: Fact


def _table(found: Explained, width: int) -> Table:
    """Subjects in a column of their own or, where a terminal is narrow, above their facts."""
    columns = [
        Column("subject", "", lambda line: line.subject),
        Column("fact", "", lambda line: name_of(line.fact)),
        Column("says", "", lambda line: sentence(line.fact)),
    ]
    if width >= ROOM:
        return Table(columns, _lines(found), _title(found), notes=_notes(found))
    return Table(columns[1:], _headed(_lines(found)), _title(found), notes=_notes(found))


def _lines(found: Explained) -> list[Line]:
    return [
        Line("" if place else heading, fact)
        for subject, heading in SUBJECTS.items()
        for place, fact in enumerate(found.about(subject))
    ]


def _headed(lines: Sequence[Line]) -> list[Any]:
    return [row for line in lines for row in ([Heading({"fact": line.subject}), line] if line.subject else [line])]


def _title(found: Explained) -> str:
    """The network and the layer; what it is, where it stands, and what its original calls it."""
    node, graph = found.node, found.network.graph
    known = [f"{found.original_name} in Keras"] if found.original_name else []
    place = f"layer {node.index} of {len(graph.nodes)}, counted from 0"
    return f"{found.network.reference}: {node.name}\n{', '.join([str(found.label), place, *known])}"


def _notes(found: Explained) -> Sequence[str]:
    """On how many networks a claim about the width rests."""
    widths = [fact for fact in found.facts if fact.key == "width" and fact.about.get("tried", 1) > 1]
    return [f"Channels come out so at each of {fact.about['tried']} widths that were tried." for fact in widths]


def _sheet_columns(found: Explained) -> list[Column]:
    return [
        Column("model", "Model", lambda _: found.network.reference),
        Column("layer", "Layer", lambda _: found.node.name),
        Column("subject", "Subject", lambda fact: str(fact.subject)),
        Column("fact", "Fact", lambda fact: fact.key),
        Column("value", "Value", lambda fact: fact.value, True),
        Column("unit", "Unit", lambda fact: fact.unit),
        Column("reckoned", "Reckoned", _reckoned),
        Column("says", "Says", sentence),
    ]


def _reckoned(fact: Fact) -> str | None:
    return None if fact.reckoned is None else equation(fact.reckoned)


def _data(found: Explained) -> dict[str, Any]:
    node = found.node
    return {
        "model": model_data(found.network),
        "layer": {
            "name": node.name,
            "original_name": found.original_name or None,
            "number": node.index,
            "type": node.type,
            "label": str(found.label),
            "role": str(node.role),
            "scope": ".".join(node.scope),
            "arguments": written_arguments(node.layer),
        },
        "facts": [_fact_data(fact) for fact in found.facts],
        "warnings": found.network.warnings,
    }


def _fact_data(fact: Fact) -> dict[str, Any]:
    """`reckoned` is the arithmetic as it is written, `terms` the same as a tree; `about` is what a sentence needs."""
    return {
        "subject": str(fact.subject),
        "fact": fact.key,
        "value": fact.value,
        "unit": fact.unit or None,
        "reckoned": _reckoned(fact),
        "terms": None if fact.reckoned is None else tree(fact.reckoned),
        "about": _plain(fact.about),
        "says": sentence(fact),
    }


def _plain(value: Any) -> Any:
    """What JSON can hold; expressions as trees."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return tree(value) if is_expression(value) else value
