"""What a picture of memory calls a tensor and an operation, and of which kind it is."""

from __future__ import annotations

from cnncli.deployed.plan import Plan
from cnncli.diagram.parts import kind_of
from cnncli.graph import Graph, Role
from cnncli.graph.roles import KERNELS

COMPUTED_BY_KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "FULLY_CONNECTED"})
"""Operations of the layers with kernels; any other one of such a layer is its activation."""


class Makers:
    """The operations and layers that the tensors of a plan come from."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph, self.plan = graph, plan
        self.writers = {each: place for place, operation in enumerate(plan.operations) for each in operation.writes}

    def operation(self, place: int) -> str:
        """An operation by the first layer that it computes; where none is known by the tensor that it writes."""
        operation = self.plan.operations[place]
        if operation.nodes:
            return self.graph.nodes[operation.nodes[0]].name
        return self.plan.tensors[operation.writes[0]].name if operation.writes else operation.type

    def tensor(self, tensor: int) -> str:
        """By the layer that computes it, in short: within its block."""
        place = self.writers.get(tensor)
        nodes = self.plan.operations[place].nodes if place is not None else ()
        return self.graph.nodes[nodes[0]].short_name if nodes else self.plan.tensors[tensor].name

    def kind(self, tensor: int) -> str:
        """Of box, as `kind_of` has them, by what computes it."""
        place = self.writers.get(tensor)
        if place is None:
            return Role.INPUT.value
        operation = self.plan.operations[place]
        if not operation.nodes:
            return Role.OTHER.value
        role = self.graph.nodes[operation.nodes[0]].role
        if role in KERNELS and operation.type not in COMPUTED_BY_KERNELS:
            role = Role.ACTIVATION
        return kind_of(role)
