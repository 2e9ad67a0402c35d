# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Policies as ONNX files, and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_agent.policy.parameters import NORM_EPSILON, split_parameters
from rl_learner.export.policy_inputs import image_inputs, Inputs, NUMBERS
from rl_learner.export.policy_with_robot import from_metadata, mean_policy, PolicyWithRobot

# The lowest that the graph needs, so that old versions of ONNX Runtime on small computers read it:
# operators broadcast from opset 7 on, and constants need not be inputs from IR version 4 on.
_OPSET, _IR_VERSION = 7, 4
_MOST_REASON = 300  # characters
_ACTIVATIONS = {'relu': 'Relu', 'elu': 'Elu', 'tanh': 'Tanh'}


def encode(policy: PolicyWithRobot) -> bytes:
    """Return an ONNX file: `observation` (batch, O) in, `action` and `command` (batch, A) out.

    Images are inputs of their own, see `policy_inputs`; the encoder is in the file.

    `action` is the deterministic action in [-1, 1], `command` the action in the robot's units.

    Raises:
        ConfigurationError: the package `onnx` is missing.
    """
    onnx = _import('onnx')
    policy = mean_policy(policy)
    architecture = policy.parameters.architecture
    graph = _Graph(onnx)
    for name, block in split_parameters(architecture, policy.parameters.parameters).items():
        graph.constant(name, block)
    value = _normalised(graph, policy)
    if architecture.encoder is not None:
        value = _with_features(graph, policy, architecture.encoder)
    for number in range(len(architecture.hidden_sizes)):
        value = graph.add('Gemm', value, f'weight_{number}', f'bias_{number}', transB=1)
        if architecture.layer_norm:
            names = (f'norm_weight_{number}', f'norm_bias_{number}')
            value = graph.layer_norm(value, *names)
        value = graph.add(_ACTIVATIONS[architecture.activation], value)
    value = graph.add('Gemm', value, 'mean_weight', 'mean_bias', transB=1)
    if architecture.mean_clip:
        value = graph.clip(value, architecture.mean_clip)
    graph.add('Tanh', value, output='action')
    factor, offset = policy.command_map
    scaled = graph.add('Mul', 'action', graph.constant('command_span', factor))
    graph.add('Add', scaled, graph.constant('command_middle', offset), output='command')
    model = graph.model(architecture.vector_size, image_inputs(policy), architecture.action_size)
    onnx.helper.set_model_props(model, policy.metadata())
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


def decode(path: Path) -> PolicyWithRobot:
    """Return the policy in a file that `encode` made, without exploration.

    Raises:
        ConfigurationError: the package `onnx` is missing.
        PolicyError: the file is damaged or holds another model.
    """
    onnx = _import('onnx')
    try:
        model = onnx.load_model_from_string(path.read_bytes())
        metadata = {item.key: item.value for item in model.metadata_props}
        arrays = {item.name: _array(onnx, item) for item in model.graph.initializer}
    except Exception as error:  # protobuf raises its own errors
        reason = ' '.join(str(error).split())[:_MOST_REASON]
        raise PolicyError(
            f'{path}: cannot be read as ONNX: {reason}; accepted: a file that rl_export wrote'
        ) from error
    return from_metadata(metadata, arrays, str(path))


def _array(onnx: Any, tensor: Any) -> Any:
    """Return a constant of a model.

    Raises:
        PolicyError: its numbers are in another file, which could be any file of this machine.
    """
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise PolicyError(f'{tensor.name}: given in another file; accepted: in this one')
    return onnx.numpy_helper.to_array(tensor)


def compute(
    content: bytes, observations: Float32Array | Inputs
) -> tuple[Float32Array, Float32Array]:
    """Return actions and commands, (batch, action) each, as ONNX Runtime computes them.

    Args:
        content: of a file.
        observations: (batch, observation); with images as inputs by name.
    """
    inputs = observations if isinstance(observations, dict) else {NUMBERS: observations}
    runtime = _import('onnxruntime')
    session = runtime.InferenceSession(content, providers=['CPUExecutionProvider'])
    action, command = session.run(['action', 'command'], inputs)
    return action, command


class _Graph:
    """Builds an ONNX model from nodes and constants."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    @property
    def float_kind(self) -> int:
        """Number of the type float32."""
        return int(self._onnx.TensorProto.FLOAT)

    def constant(self, name: str, value: Any) -> str:
        """Add a constant float32 array; return its name."""
        array = np.ascontiguousarray(value, np.float32)
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, *inputs: str, output: str = '', **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        name = output or f'{kind.lower()}_{len(self._nodes)}'
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [name], **attributes))
        return name

    def clip(self, value: str, bound: float) -> str:
        """Add clipping to [-bound, bound]; return the name of the output."""
        return self.add('Clip', value, min=-float(bound), max=float(bound))

    def layer_norm(self, value: str, weight: str, bias: str) -> str:
        """Add LayerNorm, whose own operator came with opset 17; return the name of the output."""
        centred = self.add('Sub', value, self._mean(value))
        variance = self._mean(self.add('Mul', centred, centred))
        epsilon = self.constant(f'{centred}_epsilon', np.float32(NORM_EPSILON))
        deviation = self.add('Sqrt', self.add('Add', variance, epsilon))
        scaled = self.add('Mul', self.add('Div', centred, deviation), weight)
        return self.add('Add', scaled, bias)

    def _mean(self, value: str) -> str:
        """Add the mean of each row; return the name of the output."""
        return self.add('ReduceMean', value, axes=[1], keepdims=1)

    def model(
        self, vector_size: int, images: Mapping[str, tuple[int, int, int]], action_size: int
    ) -> Any:
        """Return the complete model."""
        helper, kinds = self._onnx.helper, self._onnx.TensorProto

        def tensor(name: str, size: int) -> Any:
            return helper.make_tensor_value_info(name, kinds.FLOAT, ['batch', size])

        numbers = [tensor(NUMBERS, vector_size)] if vector_size else []
        graph = helper.make_graph(
            self._nodes,
            'policy',
            numbers
            + [
                helper.make_tensor_value_info(name, kinds.UINT8, ['batch', *shape])
                for name, shape in images.items()
            ],
            [tensor('action', action_size), tensor('command', action_size)],
            self._constants,
        )
        opset = helper.make_opsetid('', _OPSET)
        return helper.make_model(
            graph, producer_name='rl_learner', opset_imports=[opset], ir_version=_IR_VERSION
        )


def _normalised(graph: _Graph, policy: PolicyWithRobot) -> str:
    """Add the normalisation of observations, if any; return the name of its output."""
    parameters = policy.parameters
    if not parameters.observation_mean.size:
        return NUMBERS
    mean = graph.constant('observation_mean', parameters.observation_mean)
    std = graph.constant('observation_std', parameters.observation_std)
    value = graph.add('Div', graph.add('Sub', 'observation', mean), std)
    return graph.clip(value, parameters.architecture.observation_clip)


def _with_features(graph: _Graph, policy: PolicyWithRobot, encoder: EncoderArchitecture) -> str:
    """Add the encoder; return the name of the numbers with the features of all images."""
    parts = [NUMBERS] if policy.parameters.architecture.vector_size else []
    highest = graph.constant('highest_value', np.float32(255.0))
    half = graph.constant('half', np.float32(0.5))
    for number, name in enumerate(image_inputs(policy)):
        prefix = f'image_{number}'
        value = graph.add('Cast', name, to=graph.float_kind)
        value = graph.add('Sub', graph.add('Div', value, highest), half)
        value = graph.add('Transpose', value, perm=[0, 3, 1, 2])
        for layer, stride in enumerate(encoder.strides):
            weight, bias = (f'{prefix}_conv_{layer}_{part}' for part in ('weight', 'bias'))
            value = graph.add('Conv', value, weight, bias, strides=[stride, stride])
            value = graph.add('Relu', value)
        value = graph.add('Flatten', graph.add('Transpose', value, perm=[0, 2, 3, 1]), axis=1)
        value = graph.add('Gemm', value, f'{prefix}_weight', f'{prefix}_bias', transB=1)
        value = graph.layer_norm(value, f'{prefix}_norm_weight', f'{prefix}_norm_bias')
        parts.append(graph.add('Tanh', value))
    return graph.add('Concat', *parts, axis=1)


def _import(name: str) -> Any:
    """Return a module.

    Raises:
        ConfigurationError: the module is not installed.
    """
    import importlib

    try:
        module = importlib.import_module(name)
        if name == 'onnx':
            importlib.import_module('onnx.numpy_helper')
    except ImportError as error:
        raise ConfigurationError(
            f'format onnx: {error}; accepted: after `make setup`, which installs onnx and'
            ' onnxruntime as pinned in requirements/learner.txt; --format npz needs neither'
        ) from error
    return module
