"""A network explained, for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnncli.analysis.explain.additions import Added
from cnncli.analysis.explain.blocks import Block, BlockKind, Part, Shortcut
from cnncli.analysis.explain.ideas import Saved, Saving
from cnncli.analysis.explain.network import Ancestor, Explanation
from cnncli.analysis.explain.products import Kernel, ratio
from cnncli.document.numbers import setting
from cnncli.document.table import Column, Table
from cnncli.views.data import ends_data, model_data, totals_data, uncounted_data
from cnncli.views.explain_blocks import Numbered, kind_name, operation
from cnncli.views.explain_savings import fractions


def explained_data(found: Explanation) -> Mapping[str, Any]:
    network = found.network
    return {
        "model": model_data(network),
        **ends_data(network),
        **_brought(found),
        "totals": totals_data(found.totals),
        "uncounted": uncounted_data(found.totals.uncounted()),
        "warnings": network.warnings,
        "block_kinds": [kind_data(kind) for kind in found.kinds],
        "outside_blocks": [part_data(part) for part in found.outside],
        "savings": [saved_data(found, saved) for saved in found.saved],
        "multipliers": scaled_data(found),
        "additions": [added_data(added) for added in found.added],
    }


def _brought(found: Explanation) -> dict[str, Any]:
    """What the paper brought and what it stands on; nothing of what is no architecture."""
    model = found.network.model
    if model is None:
        return {}
    spec = model.spec
    return {
        "year": spec.year,
        "paper": spec.paper._asdict(),
        "introduced": spec.introduced,
        "descends_from": spec.descends_from,
        "ancestors": [_ancestor_data(line) for line in found.ancestors],
    }


def _ancestor_data(line: Ancestor) -> dict[str, Any]:
    return {"name": line.name, "year": line.year, "introduced": line.introduced, "direct": line.direct}


def kind_data(kind: BlockKind) -> dict[str, Any]:
    return {
        "kind": kind_name(kind),
        "count": len(kind.blocks),
        "stages": kind.stages,
        "squeeze_excite": kind.gates,
        "shortcuts": {shortcut.value: kind.shortcuts(shortcut) for shortcut in Shortcut},
        "blocks": [_block_data(block) for block in kind.blocks],
        "steps": [_step_data(Numbered(number, step)) for number, step in enumerate(kind.steps, 1)],
    }


def _block_data(block: Block) -> dict[str, Any]:
    traits = block.traits
    return {
        "name": block.group.name,
        "kernel_size": traits.kernel_size,
        "strides": traits.strides,
        "expansion": traits.kind.expansion,
        "groups": traits.groups,
        "activation": traits.activation or None,
        "squeeze_excite": traits.squeeze_excite,
        "shortcut": block.shortcut.value,
        "input_shape": traits.input_shape,
        "output_shape": traits.output_shape,
    }


def _step_data(row: Numbered) -> dict[str, Any]:
    step = row.step
    return {
        "step": row.number,
        "name": step.name,
        "role": step.role.value,
        "operation": operation(step),
        "reads": step.reads,
        "input_shape": step.input_shape,
        "output_shape": step.shape,
        "params": step.params,
        "macs": step.macs,
    }


def part_data(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "type": str(part.label),
        "output_shape": part.shape,
        "params": part.params,
        "macs": part.macs,
    }


def saved_data(found: Explanation, saved: Saved) -> dict[str, Any]:
    return {
        "idea": saved.idea.value,
        "places": len(saved.places),
        **_sides(saved),
        "network": {"params": found.params_without(saved), "macs": found.macs_without(saved)},
        "example": {**place_data(saved.example), "alike": saved.alike},
    }


def _sides(found: Saved | Saving) -> dict[str, Any]:
    """What is here and what is plain; the ratio is null where one is unknown."""
    return {
        "params": found.here.params,
        "plain_params": found.plain.params,
        "params_ratio": ratio(found.here.params, found.plain.params),
        "macs": found.here.macs,
        "plain_macs": found.plain.macs,
        "macs_ratio": ratio(found.here.macs, found.plain.macs),
    }


def place_data(saving: Saving) -> dict[str, Any]:
    return {
        "place": saving.place,
        "layers": [node.name for node in saving.nodes],
        **_sides(saving),
        "kernels": [_kernel_data(kernel) for kernel in saving.here.kernels],
        "plain_kernels": [_kernel_data(kernel) for kernel in saving.plain.kernels],
        "formula": fractions(saving.formula) or None,
    }


def _kernel_data(kernel: Kernel) -> dict[str, Any]:
    return {
        "extent": kernel.extent,
        "channels": kernel.channels,
        "filters": kernel.filters,
        "places": kernel.places,
        "params": kernel.params,
        "macs": kernel.macs,
    }


def added_data(added: Added) -> dict[str, Any]:
    return {
        "idea": added.addition.value,
        "places": added.count,
        "params": added.params,
        "macs": added.macs,
        "cells": added.cells,
    }


def scaled_data(found: Explanation) -> list[dict[str, Any]]:
    return [
        {"options": {name: setting(value) for name, value in each.given.items()}, **place_data(each.saving)}
        for each in found.scaled
    ]


def places_sheet(found: Explanation) -> Table:
    """A row for each place of each idea."""

    def told(key: str) -> Callable[[Saving], Any]:
        return lambda saving: _sides(saving)[key]

    columns = [
        Column("model", "model", lambda _: found.network.reference),
        Column("idea", "idea", lambda saving: saving.idea.value),
        Column("place", "place", lambda saving: saving.place),
        *(
            Column(key, key, told(key))
            for key in ("params", "plain_params", "params_ratio", "macs", "plain_macs", "macs_ratio")
        ),
    ]
    return Table(columns, [saving for saved in found.saved for saving in saved.places])
