"""What a Keras configuration says: a model's layers, how often each is applied, and to what.

Both generations are read, as their `get_config` writes them: Keras 3, whose `inbound_nodes` are calls with arguments in
which `__keras_tensor__` stands for a tensor with its shape, and Keras 2, whose `inbound_nodes` are lists of
[layer, call, output, keyword arguments]. A Sequential model is made a chain of calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cnncli.errors import UsageError
from cnncli.readers.keras.keras1 import modern

MOST_NESTED = 30
"""How deep models may stand within each other."""


class Told(NamedTuple):
    """What a configuration says of a tensor: its shape with the batch axis, and its dtype."""

    shape: tuple[Any, ...] | None
    dtype: str


class Reference(NamedTuple):
    """An output of a call of a layer."""

    layer: str
    call: int = 0
    output: int = 0


class Call(NamedTuple):
    """One application of a layer: the tensors among its arguments in order, and the arguments as they are written."""

    sources: tuple[Reference, ...]
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = {}


@dataclass(frozen=True, eq=False)
class LayerConfig:
    """A layer: its class without the package it is registered in, its arguments, its calls.

    `foreign` is whether it is said to be nobody of Keras's; `operation` whether it is a function of Keras 3, not a
    layer. `model` is what it is where it is a model itself, or the model that it applies to each step. `shared` is a
    number that all mentions of one object have, where the file says that.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    calls: tuple[Call, ...] = ()
    foreign: bool = False
    operation: bool = False
    model: ModelConfig | None = None
    shared: int | None = None


@dataclass(frozen=True, eq=False)
class ModelConfig:
    """A model. `inputs` and `outputs` are in Keras's order; `told` is what the arguments of calls say of tensors."""

    name: str
    kind: str
    layers: tuple[LayerConfig, ...]
    inputs: tuple[Reference, ...]
    outputs: tuple[Reference, ...]
    trainable: bool = True
    told: dict[Reference, Told] = field(default_factory=dict)


def has_layers(described: Any) -> bool:
    """Whether a serialized object is a model that says which layers it has."""
    return isinstance(described, Mapping) and "layers" in _config(described)


def model_config(described: Mapping[str, Any], depth: int = 0) -> ModelConfig:
    """A model by {class_name, config}. Raises UsageError for one that says nothing of its layers."""
    kind, config = class_name(described), _config(described)
    if depth > MOST_NESTED:
        raise UsageError(f"has models within models, more than {MOST_NESTED} deep")
    if not isinstance(config, Mapping) or "layers" not in config:
        raise UsageError(f"{kind} says nothing of its layers: its code alone knows how they are connected")
    chain = "output_layers" not in config
    read = _sequential if chain else _functional
    return read(described, config, depth)


def class_name(described: Mapping[str, Any]) -> str:
    """`Scale` of `mine>Scale`, as registered classes are written."""
    return str(described.get("class_name", "")).rpartition(">")[2]


def _config(described: Mapping[str, Any]) -> Any:
    """The configuration; a Sequential model of Keras before 2.2.3 has its list of layers for one."""
    found = described.get("config", {})
    return {"layers": found} if isinstance(found, list) else found


def items(value: Any) -> Any:
    """Lists as tuples, also where Keras 2 writes {class_name: __tuple__ or TensorShape, items: [...]}."""
    if isinstance(value, Mapping) and isinstance(value.get("items"), (list, tuple)):
        return items(value["items"])
    return tuple(map(items, value)) if isinstance(value, (list, tuple)) else value


def _layer(described: Mapping[str, Any], calls: tuple[Call, ...], depth: int) -> LayerConfig:
    config = _config(described)
    if not isinstance(config, Mapping):
        config = {}
    module = described.get("module")
    registered = described.get("registered_name")
    foreign = "module" in described and not str(module).startswith(("keras", "tf_keras", "tensorflow"))
    applied = config.get("layer") if class_name(described) == "TimeDistributed" else described
    inner = model_config(applied, depth + 1) if isinstance(applied, Mapping) and has_layers(applied) else None
    kind, arguments = modern(class_name(described), config)
    shared = described.get("shared_object_id")
    return LayerConfig(
        name=str(described.get("name") or config.get("name") or ""),
        kind=kind,
        config=arguments,
        calls=calls,
        foreign=foreign or (isinstance(registered, str) and ">" in registered),
        operation=(isinstance(module, str) and ".ops" in module) or _is_operation(described, config),
        model=inner,
        shared=shared if isinstance(shared, int) else None,
    )


def wrapped(config: Mapping[str, Any]) -> LayerConfig | None:
    """The layer that another one applies: `layer` in the configuration of TimeDistributed and Bidirectional."""
    inner = config.get("layer")
    if not isinstance(inner, Mapping) or not isinstance(inner.get("config"), Mapping):
        return None
    return None if has_layers(inner) else _layer(inner, (), MOST_NESTED)


def _is_operation(described: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """A .h5 of Keras 3 does not say the module; but a layer says whether it is trained, and a function does not."""
    nodes = described.get("inbound_nodes")
    return (
        "module" not in described
        and isinstance(nodes, list)
        and any(isinstance(node, Mapping) for node in nodes)
        and "trainable" not in config
    )


# Functional models.


def _functional(described: Mapping[str, Any], config: Mapping[str, Any], depth: int) -> ModelConfig:
    told: dict[Reference, Told] = {}
    names = {str(each.get("name") or _config(each).get("name")) for each in config["layers"]}
    written = [(each, tuple(_calls(each.get("inbound_nodes") or (), names, told))) for each in config["layers"]]
    ends = tuple(_ends(config.get("input_layers") or ())), tuple(_ends(config.get("output_layers") or ()))
    starts = _starts(written, ends)
    layers = tuple(_layer(each, _shifted(calls, starts), depth) for each, calls in written)
    inputs, outputs = (tuple(_shift(reference, starts) for reference in end) for end in ends)
    moved = {_shift(reference, starts): told[reference] for reference in told}
    return ModelConfig(_name(config), class_name(described), layers, inputs, outputs, _is_trained(config), moved)


def _name(config: Mapping[str, Any]) -> str:
    return str(config.get("name") or "model")


def _is_trained(config: Mapping[str, Any]) -> bool:
    return config.get("trainable") is not False


def _starts(written: Sequence[tuple[Any, tuple[Call, ...]]], ends: Sequence[Sequence[Reference]]) -> dict[str, int]:
    """By name the number of a layer's first call: 1 of a model or layer that was called once before it came here."""
    counts = {str(each.get("name") or _config(each).get("name")): len(calls) for each, calls in written}
    last: dict[str, int] = {}
    for reference in (*(source for _, calls in written for call in calls for source in call.sources), *ends[1]):
        last[reference.layer] = max(last.get(reference.layer, 0), reference.call)
    return {name: call - counts.get(name, 0) + 1 for name, call in last.items() if call and call >= counts.get(name, 0)}


def _shift(reference: Reference, starts: Mapping[str, int]) -> Reference:
    start = starts.get(reference.layer, 0)
    return reference._replace(call=max(reference.call - start, 0)) if start else reference


def _shifted(calls: Sequence[Call], starts: Mapping[str, int]) -> tuple[Call, ...]:
    if not starts:
        return tuple(calls)
    return tuple(call._replace(sources=tuple(_shift(each, starts) for each in call.sources)) for call in calls)


def _calls(nodes: Any, names: set[str], told: dict[Reference, Told]) -> Iterator[Call]:
    for node in nodes:
        if isinstance(node, Mapping) and ("args" in node or "kwargs" in node):
            arguments, keywords = tuple(node.get("args") or ()), node.get("kwargs") or {}
            yield Call(tuple(_tensors((arguments, list(keywords.values())), told)), arguments, keywords)
        else:
            yield _old_call(node, names)


def _tensors(value: Any, told: dict[Reference, Told]) -> Iterator[Reference]:
    """The tensors in arguments of Keras 3; those of a dict in the order of its keys, as Keras flattens it."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            yield _keras_tensor(value["config"], told)
        elif "class_name" not in value:
            for key in sorted(value):
                yield from _tensors(value[key], told)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _tensors(each, told)


def _keras_tensor(config: Mapping[str, Any], told: dict[Reference, Told]) -> Reference:
    layer, call, output = config["keras_history"]
    reference = Reference(str(layer), int(call), int(output))
    shape = config.get("shape")
    told[reference] = Told(None if shape is None else items(shape), str(config.get("dtype") or ""))
    return reference


def _old_call(node: Any, names: set[str]) -> Call:
    """A call of Keras 2: tensors [name, call, output, keyword arguments] or a structure of such."""
    sources: list[Reference] = []
    arguments: list[Any] = []
    keywords: dict[str, Any] = {}
    for each in _old_tensors(node):
        given = each[3] if len(each) > 3 and isinstance(each[3], Mapping) else {}
        keywords |= {name: value for name, value in given.items() if name not in keywords}
        if each[0] == "_CONSTANT_VALUE":
            arguments.append(each[2])
        else:
            sources.append(Reference(str(each[0]), int(each[1]), int(each[2])))
            arguments.append(sources[-1])
    sources += [found for value in keywords.values() for found in _named(value, names)]
    return Call(tuple(sources), tuple(arguments), keywords)


def _old_tensors(node: Any) -> Iterator[Any]:
    if isinstance(node, Mapping):
        for key in sorted(node):
            yield from _old_tensors(node[key])
    elif _is_triple(node) or (isinstance(node, (list, tuple)) and node[:1] == ["_CONSTANT_VALUE"]):
        yield node
    elif isinstance(node, (list, tuple)):
        for each in node:
            yield from _old_tensors(each)


def _is_triple(value: Any) -> bool:
    """[name, call, output], with or without more behind."""
    return (
        isinstance(value, (list, tuple))
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and isinstance(value[2], int)
    )


def _named(value: Any, names: set[str]) -> Iterator[Reference]:
    """Tensors among keyword arguments of Keras 2."""
    if _is_triple(value):
        if value[0] in names:
            yield Reference(str(value[0]), int(value[1]), int(value[2]))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _named(each, names)


def _ends(value: Any) -> Iterator[Reference]:
    """`input_layers` and `output_layers`: one [name, call, output], a list of such, or such by name."""
    if _is_triple(value):
        yield Reference(str(value[0]), int(value[1]), int(value[2]))
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _ends(value[key])
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _ends(each)


# Sequential models.


def _sequential(described: Mapping[str, Any], config: Mapping[str, Any], depth: int) -> ModelConfig:
    written = list(config["layers"])
    first = written[0] if written else {}
    if class_name(first) == "Merge":
        raise UsageError(
            f"{first.get('config', {}).get('name')} merges other models in front of a chain, as Keras 1 did, which is "
            "not read; write it as a functional model"
        )
    if class_name(first) != "InputLayer":
        written.insert(0, _made_input(config, first, described))
    layers: list[LayerConfig] = []
    for number, each in enumerate(written):
        before = (Call((Reference(layers[-1].name),)),) if number else (Call(()),)
        layers.append(_layer(each, before, depth))
    ends = (Reference(layers[0].name),), (Reference(layers[-1].name),)
    return ModelConfig(_name(config), class_name(described), tuple(layers), *ends, _is_trained(config))


def _made_input(config: Mapping[str, Any], first: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    """The input that a Sequential model does not list: its first layer or the model says the shape, or nobody does."""
    inner: Any = _config(first) if first else {}
    built = described.get("build_config")
    shapes = (
        inner.get("batch_input_shape") if isinstance(inner, Mapping) else None,
        inner.get("batch_shape") if isinstance(inner, Mapping) else None,
        config.get("build_input_shape"),
        built.get("input_shape") if isinstance(built, Mapping) else None,
    )
    shape = next((items(each) for each in shapes if each), None)
    name = f"{inner.get('name') or 'model'}_input"
    return {"class_name": "InputLayer", "config": {"name": name, "batch_shape": shape}}
