"""What a picture of memory calls a tensor, and of which kind it is: by what computes it."""

from __future__ import annotations

from cnncli.analysis.deployment import leader
from cnncli.analysis.timeline import Timeline
from cnncli.diagram.parts import kind_of
from cnncli.graph import Node, Role
from cnncli.graph.roles import KERNELS

COMPUTED_BY_KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "FULLY_CONNECTED"})
"""Operations of the layers with kernels; any other one of such a layer is its activation, or moves cells before it."""
MOVING = frozenset({"PAD", "PADV2", "RESHAPE", "TRANSPOSE", "BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "SPLIT", "SLICE"})
QUANTIZING = frozenset({"QUANTIZE", "DEQUANTIZE"})


class Makers:
    """The operations that the tensors of a timeline come from."""

    def __init__(self, found: Timeline) -> None:
        self.found = found
        operations = enumerate(found.plan.operations)
        self.places = {tensor: place for place, operation in operations for tensor in operation.writes}

    def name(self, tensor: int) -> str:
        """That of the layer, within its block."""
        place = self.places.get(tensor)
        layer = None if place is None else self._layer(place)
        return self.found.plan.tensors[tensor].name if layer is None else layer.short_name

    def kind(self, tensor: int) -> str:
        """As `kind_of` has them for boxes."""
        place = self.places.get(tensor)
        if place is None:
            return Role.INPUT.value
        layer, type = self._layer(place), self.found.plan.operations[place].type
        if layer is None:
            return Role.OTHER.value
        if type in QUANTIZING:
            return kind_of(Role.SHAPING)
        if layer.role in KERNELS and type not in COMPUTED_BY_KERNELS:
            return kind_of(Role.SHAPING if type in MOVING else Role.ACTIVATION)
        return kind_of(layer.role)

    def _layer(self, place: int) -> Node | None:
        return leader(self.found.graph, self.found.plan.operations[place])
