"""The `resource` form of a model: the stream form with its states in resource variables, as microcontrollers have it.

The graph is laid out like those of microWakeWord: CALL_ONCE runs a second subgraph that puts the states at their zero
points, and then each step reads a state right before it is needed and assigns the next one right after it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge_asr.errors import ConversionError
from edge_asr.training.tflite_edit import add_buffer, add_tensor, new_operator
from edge_asr.training.tflite_file import unpack
from edge_asr.training.tflite_writer import pack

MAX_VARIABLES = 20
"""So many ESPHome makes room for."""


def states_in_variables(stream: bytes) -> bytes:
    """The `resource` form of a `stream` file: features in, logits out. Raises `ConversionError` when it has too many states."""
    content = unpack(stream)
    main = content.subgraphs[0]
    before, after = main.inputs[1:], main.outputs[1:]
    if len(before) > MAX_VARIABLES:
        raise ConversionError(
            f"the network has {len(before)} states, microcontrollers take {MAX_VARIABLES} variables: use fewer blocks, "
            "or leave 'resource' out of quantize.forms"
        )
    content.signatureDefs = None  # it names inputs and outputs that are none any more
    main.inputs, main.outputs = main.inputs[:1], main.outputs[:1]
    handles = [add_tensor(main, schema.TensorType.RESOURCE, []) for _ in before]
    reads = {state: new_operator(content, "READ_VARIABLE", [handle], [state]) for state, handle in zip(before, handles)}
    assigns = {state: new_operator(content, "ASSIGN_VARIABLE", [handle, state], []) for state, handle in zip(after, handles)}
    main.operators = [
        _call_once(content, len(content.subgraphs)),
        *(_var_handle(content, number, handle) for number, handle in enumerate(handles)),
        *_in_between(main.operators, reads, assigns),
    ]
    content.subgraphs.append(_initial_states(content, [main.tensors[state] for state in before]))
    return pack(content)


def _in_between(operators: list[Any], reads: dict[int, Any], assigns: dict[int, Any]) -> Iterator[Any]:
    """`operators`, each after what reads its inputs' states and before what assigns its outputs' ones."""
    for operator in operators:
        yield from (reads[tensor] for tensor in operator.inputs if tensor in reads)
        yield operator
        yield from (assigns[tensor] for tensor in operator.outputs if tensor in assigns)


def _initial_states(content: Any, states: list[Any]) -> Any:
    """A subgraph that assigns every state its zero point: what the tensors `states` hold before the first step."""
    graph = schema.SubGraphT()
    graph.inputs = graph.outputs = np.empty(0, np.int32)
    graph.tensors, graph.operators = [], []
    for number, state in enumerate(states):
        handle = add_tensor(graph, schema.TensorType.RESOURCE, [])
        zeros = np.full(int(np.prod(state.shape)), state.quantization.zeroPoint[0], np.int8)
        value = add_tensor(
            graph, schema.TensorType.INT8, state.shape, quantization=state.quantization, buffer=add_buffer(content, zeros)
        )
        graph.operators += [_var_handle(content, number, handle), new_operator(content, "ASSIGN_VARIABLE", [handle, value], [])]
    return graph


def _call_once(content: Any, subgraph: int) -> Any:
    operator = new_operator(content, "CALL_ONCE", [], [])
    operator.builtinOptionsType = schema.BuiltinOptions.CallOnceOptions
    operator.builtinOptions = schema.CallOnceOptionsT()
    operator.builtinOptions.initSubgraphIndex = subgraph
    return operator


def _var_handle(content: Any, number: int, handle: int) -> Any:
    operator = new_operator(content, "VAR_HANDLE", [], [handle])
    operator.builtinOptionsType = schema.BuiltinOptions.VarHandleOptions
    operator.builtinOptions = schema.VarHandleOptionsT()
    operator.builtinOptions.container, operator.builtinOptions.sharedName = "", f"state_{number}"
    return operator
