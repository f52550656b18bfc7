"""Make the model in `edge_asr/runtime/probe.py`, the smallest that an interpreter can be tried with: y = max(0, x), int8 (1, 4).

Run: `python tests/data/make_probe_model.py`, and paste what it prints.
"""

from __future__ import annotations

import base64
import textwrap

import flatbuffers
from tensorflow.lite.python import schema_py_generated as schema


def build() -> bytes:
    """The model as a flatbuffer, put together by hand (the converter adds ten times its size in metadata)."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RELU
    code.version = 2  # int8
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0], [1]
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [_tensor(), _tensor()], [operator], [0], [1]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor() -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.quantization = [1, 4], schema.TensorType.INT8, schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [0.5], [0]
    return tensor


if __name__ == "__main__":
    print("\n".join(f'    "{line}"' for line in textwrap.wrap(base64.b64encode(build()).decode(), 100)))
