"""From a file's operations to layers: what runtimes and exporters wrote out becomes the layer that it was.

A format of operations has no bias but an addition, no silu but a product with a sigmoid, no batch normalization but a
multiplication and an addition by constants. Folding finds these by their pattern. It keeps what is computed and
counted: the outputs' shapes, the multiply-accumulates, and each weight, which goes where its operation goes.
"""

from cnncli.readers.folding.fold import folded

__all__ = ["folded"]
