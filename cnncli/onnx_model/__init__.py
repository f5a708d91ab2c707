"""From a layer graph and its weights to an ONNX model. Together with `export`, the only room that knows onnx.

`model` is the whole of it, `lowering` what every layer is written with, `layers` a file a group of layers.
"""

from cnncli.onnx_model.model import Ends, onnx_model

__all__ = ["Ends", "onnx_model"]
