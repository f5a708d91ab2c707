"""What Python programs use: a network with its figures, its table, its picture and its budgets.

>>> from cnncli import load
>>> load("mobilenet_v2", alpha=0.5).check(max_params="2M", max_macs="100M")
"""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

from cnncli.analysis.metrics import Totals
from cnncli.errors import CheckFailed
from cnncli.graph import Graph
from cnncli.network import Network as Named
from cnncli.network import network, of_graph


class Network(Named):
    """A network with what can be asked of it."""

    @cached_property
    def totals(self) -> Totals:
        """Every figure by its key, as `totals["macs"]` or `totals.macs`; analysis.metrics says what each counts."""
        return Totals(self.graph)

    def summary(self, by: str = "layer") -> str:
        """The table of `cnncli summary`, by `layer`, `block` or `stage`. Raises UsageError for another word."""
        from cnncli.render.formats import write
        from cnncli.views.summary import Wanted, depth_of, summary_document

        return write(summary_document(self, Wanted(depth_of(by))), "table")

    def plot(self, path: str | Path, *, force: bool = False, **options: Any) -> None:
        """Draw to a .pdf, .png, .svg, .eps, .tex, .html or .dot.

        `options` are those of diagram.Options, such as detail="layer"; `target` may be a name too, as target="figure".

        Raises UsageError for another suffix, for what cannot be drawn, or where the file exists and `force` is not
        given, MachineError where it cannot be written.
        """
        from cnncli.diagram import target_named
        from cnncli.views.composed import options_for
        from cnncli.views.plot import plot_to

        if isinstance(options.get("target"), str):
            options["target"] = target_named(options["target"])
        plot_to(Path(path), [self], options_for([self], Path(path), **options), None, force=force)

    def check(self, *, dtype: str | None = None, **limits: int | str) -> None:
        """Hold it against limits: `max_params=5_000_000`, or as people write them, `max_arena="256KiB"`.

        `dtype` is what it is deployed as, as `check --dtype` takes it.

        Raises CheckFailed, which names each limit that it does not keep, and UsageError for an unknown limit or one
        that cannot be read.
        """
        from cnncli.analysis.check.budgets import hold, read_budget
        from cnncli.analysis.deployment import read_kind
        from cnncli.views.check import tell

        named = {name.replace("_", "-"): limit for name, limit in limits.items()}
        kind = read_kind(dtype) if dtype else None
        budgets = {name: read_budget(name, limit, kind=kind) for name, limit in named.items()}
        failed = [verdict for verdict in hold(self.reference, self.totals, budgets) if not verdict.passed]
        if failed:
            raise CheckFailed("; ".join(tell(verdict).message for verdict in failed))


def _with_methods(found: Named) -> Network:
    return Network(**{each.name: getattr(found, each.name) for each in fields(Named)})


def load(reference: str, **options: Any) -> Network:
    """The network of a reference: `load("mobilenet_v2", alpha=0.5, input_shape=(192, 192))`; `flavor` is its flavor.

    Raises UsageError, naming what cannot be read or built.
    """
    flavor = options.pop("flavor", None)
    return _with_methods(network(reference, options, flavor))


def from_graph(graph: Graph) -> Network:
    """The network of a graph that a program has built layer by layer."""
    return _with_methods(of_graph(graph))


def from_keras(model: Any) -> Network:
    """The network of a keras.Model (Keras 3, functional or Sequential) in memory. Raises UsageError for another."""
    from cnncli.readers.keras.live import read_model

    return from_graph(read_model(model))


def to_keras(source: Graph | Named) -> Any:
    """The keras.Model of a network or its graph, with fresh weights; raises as keras_model.lower."""
    from cnncli.keras_model import lower

    return lower(source if isinstance(source, Graph) else source.graph)
