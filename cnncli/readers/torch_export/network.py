"""A program of torch.export, `.pt2`, to a graph.

Two layouts of the archive are known: `models/<name>.json` with `data/weights/<name>_weights_config.json`, as torch
writes it since 2.8, and `serialized_exported_program.json` of the versions before. What else lies in them, weights
and pickles of example inputs, is not opened.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.errors import UsageError, suggestion
from cnncli.graph import Graph, Shape
from cnncli.readers.reading import Reading, Settings, open_sizes
from cnncli.readers.source import MOST_OPERATIONS, Archive, Source, parsed_json
from cnncli.readers.torch_export import operations
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations.maps import spatial_tensors
from cnncli.readers.torch_export.program import DTYPES, Operation, Sizes, Value, hint, module_calls, symbol

OLD_PROGRAM = "serialized_exported_program.json"
_PROGRAM = re.compile(r"(?:[^/]+/)?models/([^/]+)\.json")
MOST_INLINED = 20
"""How deep functions within functions are read."""


def read(source: Source, path: Path, settings: Settings) -> Reading:
    """Read the only program of a file, or that which settings.subgraph names."""
    archive = Archive(source)
    members = _programs(archive)
    name = _chosen(members, settings, source)
    program = parsed_json(archive.content(members[name]), source)
    held = _held(archive, members[name], name, source)
    network = _Program(program, held, path.stem, settings).network
    return Reading(
        network.graph,
        producer=_producer(program),
        quantization=_quantization(network.graph),
        subgraph=name if len(members) > 1 else "",
        subgraphs=tuple(members) if len(members) > 1 else (),
    )


def _programs(archive: Archive) -> dict[str, str]:
    """The members that are programs, by the names that they were saved under."""
    found = {match[1]: name for name in archive.names if (match := _PROGRAM.fullmatch(name))}
    old = [name for name in archive.names if name == OLD_PROGRAM or name.endswith(f"/{OLD_PROGRAM}")]
    return found or dict.fromkeys(["model"], old[0])


def _chosen(members: Mapping[str, str], settings: Settings, source: Source) -> str:
    names = list(members)
    if settings.subgraph is None:
        return "model" if "model" in members else names[0]
    if settings.subgraph.isdecimal() and int(settings.subgraph) < len(names):
        return names[int(settings.subgraph)]
    if settings.subgraph not in members:
        near = suggestion(settings.subgraph, names)
        raise UsageError(f"{source.name} has no program {settings.subgraph!r}; it has {', '.join(names)}{near}")
    return settings.subgraph


class Held(NamedTuple):
    """What the archive says of a tensor that it holds: which others share its memory, and whether it is trained."""

    place: str
    is_trained: bool


def _held(archive: Archive, program: str, name: str, source: Source) -> dict[str, Held]:
    """By the names of parameters and buffers; nothing in the older layout, which has that in a pickle."""
    member = f"{program.rpartition('models/')[0]}data/weights/{name}_weights_config.json"
    if member == program or member not in archive.names:
        return {}
    config = parsed_json(archive.content(member), source)["config"]
    return {
        str(key): Held(
            str(each["path_name"]), bool((each.get("tensor_meta") or {}).get("requires_grad")) and each["is_param"]
        )
        for key, each in config.items()
    }


def _producer(program: Mapping[str, Any]) -> str:
    version = program.get("torch_version")
    return f"PyTorch {version}" if isinstance(version, str) else "PyTorch"


def _quantization(graph: Graph) -> str:
    weights = Counter[str]()
    for node in graph.nodes:
        for weight in node.given or ():
            weights[weight.dtype] += weight.size
    most = weights.most_common(1)[0][0] if weights else ""
    if any(node.type == "Quantize" for node in graph.nodes):
        return "int8" if most in ("int8", "uint8") or "int8" in weights else "quantized activations"
    return {"int8": "int8 weights", "uint8": "int8 weights", "float16": "float16", "bfloat16": "bfloat16"}.get(most, "")


class _Program:
    """A program on its way to a graph."""

    def __init__(self, program: Any, held: Mapping[str, Held], name: str, settings: Settings) -> None:
        module = program["graph_module"]
        self._graph, self._held, self._settings = module["graph"], held, settings
        self._metas = self._graph["tensor_values"]
        self._ranges = program.get("range_constraints") or {}
        self._constants, self._given, self._outputs = _signature(module["signature"])
        self._spatial = spatial_tensors(self._graph)
        self._sizes = Sizes()
        self._count = 0
        batch = self._settle()
        self.network = TorchNetwork(
            name, batch=batch, raw=settings.raw, spatial=self._spatial, read=_read_names(self._graph)
        )
        values = self._enter()
        self._read(self._graph, values, 0)
        self._give(values)

    # What the caller gives.

    def _settle(self) -> int:
        """Settle the sizes that inputs leave open as far as a person says them; the size of the batch."""
        given = dict(self._settings.input_shapes)
        batch = 0
        for name in self._given:
            sizes = self._metas[name]["sizes"]
            shape = given.pop(name, None) or given.pop("", None)
            if len(sizes) > 1 and not batch:
                batch = self._settle_batch(sizes[0])
            if shape is not None:
                self._settle_shape(name, sizes, shape)
        unknown = [name for name in given if name]
        if unknown:
            near = suggestion(unknown[0], self._given)
            raise UsageError(
                f"input_shape: the program has no input {unknown[0]!r}; it has {', '.join(self._given)}{near}"
            )
        return batch or 1

    def _settle_batch(self, size: Mapping[str, Any]) -> int:
        if symbol(size):
            batch = self._settings.batch or 1
            self._sizes.symbols[symbol(size)] = batch
            return batch
        found = self._sizes.of(size)
        return 1 if found is UNKNOWN else int(found)

    def _settle_shape(self, name: str, sizes: Sequence[Any], shape: Shape) -> None:
        """Bind the symbols of an input's sizes. Raises UsageError for a shape that the program does not take."""
        wanted = (shape[-1], *shape[:-1]) if self._is_spatial(name) else shape
        if len(wanted) != len(sizes) - 1:
            raise UsageError(f"input_shape={shape}: {name} has {len(sizes) - 1} axes beside the batch")
        for written, size in zip(sizes[1:], wanted, strict=True):
            key = symbol(written)
            if key and self._sizes.symbols.setdefault(key, size) == size:
                self._check_range(name, key, size)
            elif self._sizes.of(written) not in (size, UNKNOWN):
                raise UsageError(
                    f"input_shape={shape}: this program takes {name} with {self._sizes.of(written)} where that has "
                    f"{size}; export it with dynamic_shapes to leave sizes open"
                )

    def _check_range(self, name: str, key: str, size: int) -> None:
        limits = self._ranges.get(key) or {}
        least, most = limits.get("min_val"), limits.get("max_val")
        if (isinstance(least, int) and size < least) or (isinstance(most, int) and size > most):
            raise UsageError(f"input_shape: {name} takes {least} to {'any size' if most is None else most}, not {size}")

    def _is_spatial(self, name: str) -> bool:
        return name in self._spatial

    def _enter(self) -> dict[str, Value]:
        """The graph's inputs, by name: those of the caller are nodes, the others constants."""
        values: dict[str, Value] = {}
        for argument in self._graph["inputs"]:
            name = (argument.get("as_tensor") or {}).get("name")
            if name is None:
                continue
            value = self._value(name)
            if name in self._constants:
                self._hold(value, *self._constants[name])
            else:
                value.channels_first = self._is_spatial(name) and value.rank >= 3
                self.network.enter(value)
            values[name] = value
        self._warn_of_open_sizes()
        return values

    def _hold(self, value: Value, name: str, kind: str) -> None:
        """Make it a constant of the file."""
        held = self._held.get(name)
        value.constant, value.name = True, name
        value.identity = held.place if held else name
        value.trainable = kind == "parameter" and (held is None or held.is_trained)
        is_counted = kind in ("parameter", "buffer") and value.dtype.startswith(("float", "bfloat", "int8", "uint8"))
        value.origins = (value,) if is_counted else ()

    def _warn_of_open_sizes(self) -> None:
        for name in self._given:
            metas = self._metas[name]["sizes"][1:]
            metas = (*metas[1:], metas[0]) if len(metas) == 3 else metas  # channels last
            shape, seen = tuple(map(self._sizes.of, metas)), tuple(filter(None, map(hint, metas)))
            if any(size is UNKNOWN for size in shape):
                seen = seen if len(seen) == len(shape) else ()
                self.network.graph.warn(open_sizes(name, shape, several=len(self._given) > 1, seen=seen))

    # The program itself.

    def _value(self, name: str, metas: Mapping[str, Any] | None = None) -> Value:
        meta = (self._metas if metas is None else metas).get(name)
        if meta is None:
            return Value(name, None)
        return Value(name, self._sizes.shape(meta), DTYPES.get(meta["dtype"], "unknown"))

    def _read(self, graph: Mapping[str, Any], values: dict[str, Value], depth: int) -> None:
        """Read a graph's nodes in order; `values` are its inputs, and become all its tensors."""
        integers = graph.get("sym_int_values") or {}
        self._count += len(graph["nodes"])
        if self._count > MOST_OPERATIONS:
            raise UsageError(f"this program has {self._count:,} operations; at most {MOST_OPERATIONS:,} are read")
        for node in graph["nodes"]:
            if not any(_names(output) for output in node["outputs"]):
                continue  # it computes a size, or checks one
            inner = _inlined(node)
            if inner is not None and depth < MOST_INLINED:
                self._inline(node, inner, values, depth)
                continue
            found = self._operation(node, graph, values, integers)
            for output in found.outputs:
                values[output.name] = output
            operations.append(self.network, found)
            if found.in_place and found.tensors:
                values.update(dict.fromkeys(_first_tensor(node), found.outputs[0]))

    def _operation(
        self, node: Mapping[str, Any], graph: Mapping[str, Any], values: Mapping[str, Value],
        integers: Mapping[str, Any],
    ) -> Operation:  # fmt: skip
        domain, name, in_place = _target(str(node["target"]))
        arguments: dict[str, Any] = {}
        for number, each in enumerate(node["inputs"]):
            arguments[each.get("name") or f"{number}"] = self._argument(each["arg"], values, integers)
        metas = graph["tensor_values"]
        outputs = [self._value(each, metas) for output in node["outputs"] for each in _names(output)]
        calls = list(module_calls(node.get("metadata") or {}))
        path, module = calls[-1] if calls else ("", "")
        label = node.get("name") or (outputs[0].name if outputs else name)
        return Operation(domain, name, str(label), arguments, outputs, path, module, in_place)

    def _argument(self, written: Mapping[str, Any], values: Mapping[str, Value], integers: Mapping[str, Any]) -> Any:
        """A schema.Argument: what it holds, a tensor as its Value."""
        (kind, value), *_ = written.items()
        if kind in ("as_tensor", "as_optional_tensor"):
            value = value.get("as_tensor", value) if isinstance(value, dict) else {}
            return values[value["name"]] if "name" in value else None
        if kind in ("as_tensors", "as_optional_tensors"):
            return [self._argument({"as_optional_tensor": each}, values, integers) for each in value]
        if kind == "as_sym_int":
            return self._integer(value, integers)
        if kind == "as_sym_ints":
            return [self._integer(each, integers) for each in value]
        if kind == "as_scalar_type":
            return DTYPES.get(value, "unknown")
        return value if kind in _PLAIN else None

    def _integer(self, written: Mapping[str, Any], integers: Mapping[str, Any]) -> Any:
        if "as_int" in written:
            return written["as_int"]
        known = integers.get(str(written.get("as_name")))
        return UNKNOWN if known is None else self._sizes.of(known)

    def _inline(self, node: Mapping[str, Any], inner: Mapping[str, Any], values: dict[str, Value], depth: int) -> None:
        """Read a function that a node calls once, as if its operations stood there."""
        passed = [name for each in node["inputs"] for name in _names(each["arg"])]
        wanted = [name for each in inner["inputs"] for name in _names(each)]
        local = {name: values[each] for name, each in zip(wanted, passed, strict=False)}
        self._read(inner, local, depth + 1)
        given = [name for each in inner["outputs"] for name in _names(each)]
        results = [name for each in node["outputs"] for name in _names(each)]
        for result, name in zip(results, given, strict=False):
            values[result] = local[name]

    def _give(self, values: Mapping[str, Value]) -> None:
        names = [name for name in self._outputs if name in values]
        if not names:
            raise UsageError("this program gives no tensor")
        self.network.give([values[name] for name in dict.fromkeys(names)])
        self._warn_of_unused(values)

    def _warn_of_unused(self, values: Mapping[str, Value]) -> None:
        held = [values[name] for name, (_, kind) in self._constants.items() if kind == "parameter" and name in values]
        unused = [value.name for value in held if value.identity not in self.network.used]
        if unused:
            more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
            self.network.graph.warn(
                f"parameters that the program holds but never reads are not counted: {', '.join(unused[:3])}{more}"
            )


_PLAIN = frozenset({
    "as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_bools", "as_string", "as_strings", "as_int_lists",
})  # fmt: skip


def _names(argument: Mapping[str, Any]) -> list[str]:
    """The tensors that an argument names."""
    if "as_tensor" in argument:
        return [argument["as_tensor"]["name"]]
    if "as_tensors" in argument:
        return [each["name"] for each in argument["as_tensors"]]
    return []


def _read_names(graph: Mapping[str, Any]) -> frozenset[str]:
    """The tensors that some node reads, or the caller is given."""
    found = {name for each in graph["outputs"] for name in _names(each)}
    for node in graph["nodes"]:
        for each in node["inputs"]:
            found.update(_names(each["arg"]))
            inner = each["arg"].get("as_graph")
            if inner is not None:
                found |= _read_names(inner["graph"])
    return frozenset(found)


def _first_tensor(node: Mapping[str, Any]) -> list[str]:
    return next((found for each in node["inputs"] if (found := _names(each["arg"]))), [])[:1]


def _target(target: str) -> tuple[str, str, bool]:
    """Domain and name of an operator, and whether it changes its input: torch.ops.aten.relu_.default changes it."""
    parts = target.split(".")
    if parts[:2] == ["torch", "ops"]:
        parts = parts[2:]
    domain, name = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
    in_place = len(name) > 1 and name.endswith("_") and not name.endswith("__")
    return domain, name.rstrip("_") if in_place else name, in_place


def _inlined(node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The graph of a function that is called as it is: one under torch.no_grad, or with another autocast."""
    if "higher_order.wrap_" not in str(node["target"]):
        return None
    graphs = [each["arg"]["as_graph"]["graph"] for each in node["inputs"] if "as_graph" in each["arg"]]
    return graphs[0] if len(graphs) == 1 else None


def _signature(written: Mapping[str, Any]) -> tuple[dict[str, tuple[str, str]], list[str], list[str]]:
    """Which inputs of the graph the file holds (name there, and kind), which the caller gives, and what it is given."""
    if "input_specs" not in written:
        return _old_signature(written)
    held: dict[str, tuple[str, str]] = {}
    given: list[str] = []
    for spec in written["input_specs"]:
        ((kind, value),) = spec.items()
        argument = value.get("arg") or {}
        names = [argument["name"]] if "name" in argument else _names(argument)
        if kind == "user_input":
            given += names
        else:
            titles = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
            held |= {name: (str(value.get(titles.get(kind, ""), name)), kind) for name in names}
    outputs = [name for spec in written["output_specs"] for name in _user_output(spec)]
    return held, given, outputs


def _user_output(spec: Mapping[str, Any]) -> list[str]:
    return _names(spec["user_output"]["arg"]) if "user_output" in spec else []


def _old_signature(written: Mapping[str, Any]) -> tuple[dict[str, tuple[str, str]], list[str], list[str]]:
    """As torch 2.1 wrote it: tables instead of a list."""
    parameters = {name: (key, "parameter") for name, key in written["inputs_to_parameters"].items()}
    buffers = {name: (key, "buffer") for name, key in written["inputs_to_buffers"].items()}
    return {**parameters, **buffers}, list(written["user_inputs"]), list(written["user_outputs"])
