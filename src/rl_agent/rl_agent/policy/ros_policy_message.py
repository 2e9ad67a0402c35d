# Copyright 2026 The rl_agent authors
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

"""Policies as ROS messages and back."""

from array import array
from types import SimpleNamespace
from typing import Any

import numpy as np
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.policy.cdr_reader import CdrReader
from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_agent.policy.parameters import (
    ARCHITECTURE_FIELDS,
    ARRAY_FIELDS,
    PolicyArchitecture,
    PolicyParameters,
    SCALAR_FIELDS,
)
from rl_agent.policy.policy_limits import PolicyLimits
from rl_agent.ros.ros_messages import float_array
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
import rl_msgs.msg
from rl_msgs.msg import Policy as PolicyMessage

_NESTED = 'policy'  # field of an ImagePolicy
_SHAPE = 3  # numbers of the shape of an image
# types of numbers in message definitions to NumPy's
_KINDS = {
    'boolean': '?',
    'float': 'f4',
    'double': 'f8',
    'octet': 'u1',
    **{f'uint{8 * size}': f'u{size}' for size in (1, 2, 4, 8)},
    **{f'int{8 * size}': f'i{size}' for size in (1, 2, 4, 8)},
}


def message_type(*, sees_images: bool) -> type[Any]:
    """Return the type of the messages with the policies of a robot.

    Raises:
        ConfigurationError: it sees images, and an older build of rl_msgs lacks the type.
    """
    if not sees_images:
        plain: type[Any] = PolicyMessage
        return plain
    found: type[Any] | None = getattr(rl_msgs.msg, 'ImagePolicy', None)
    if found is None:
        raise ConfigurationError(
            'rl_msgs: given a build without ImagePolicy; accepted: one of this version, for robots'
            ' with cameras: `make setup`, or `colcon build`'
        )
    return found


def plain_part(message: Any) -> Any:
    """Return the Policy in a message: itself, or the part of an ImagePolicy."""
    return getattr(message, _NESTED, message)


def policy_to_message(parameters: PolicyParameters) -> Any:
    """Return the message of a policy, without a stamp; see `message_type`."""
    values = {name: getattr(parameters.architecture, name) for name in ARCHITECTURE_FIELDS}
    values['hidden_sizes'] = array('I', values['hidden_sizes'])
    values |= {name: getattr(parameters, name) for name in SCALAR_FIELDS}
    values |= {name: float_array(getattr(parameters, name)) for name in ARRAY_FIELDS}
    message, encoder = PolicyMessage(**values), parameters.architecture.encoder
    if encoder is None:
        return message
    return message_type(sees_images=True)(
        images=array('I', [side for image in encoder.images for side in image]),
        encoder_channels=array('I', encoder.channels),
        encoder_strides=array('I', encoder.strides),
        encoder_features=encoder.features,
        policy=message,
    )


class PolicyFields(SimpleNamespace):
    """Fields of a rl_msgs/msg/Policy or ImagePolicy, read in place."""

    version: int
    learner_session: str
    run: str
    signed_ns: int


def check_message_size(data: bytes | memoryview) -> None:
    """Raise PolicyError if a serialised policy is larger than any that a robot accepts."""
    most = PolicyLimits().content_bytes
    if len(data) > most:
        raise PolicyError(f'message: given {len(data)} bytes; accepted: at most {most}')


def read_message(data: bytes | memoryview, *, sees_images: bool = False) -> PolicyFields:
    """Return the fields of a serialised policy, but for its header.

    Arrays are views of `data`, which must not change. Sizes are checked before anything is read.

    Args:
        data: the message.
        sees_images: whether it is an ImagePolicy.

    Raises:
        PolicyError: it is too large, or no such message.
    """
    check_message_size(data)
    limits = PolicyLimits()
    reader = CdrReader(data)
    kinds = {**PolicyMessage.get_fields_and_field_types()}
    if sees_images:
        outer = message_type(sees_images=True).get_fields_and_field_types()
        del outer[_NESTED]  # the last one
        kinds = {**outer, **kinds}
    fields = {}
    for name, kind in kinds.items():
        if kind == 'std_msgs/Header':
            _skip_header(reader, limits.text_length)
        else:
            fields[name] = _read_field(reader, name, kind, limits)
    return PolicyFields(**fields)


def _skip_header(reader: CdrReader, longest: int) -> None:
    """Read past a std_msgs/Header: stamp and frame."""
    reader.number('i4')
    reader.number('u4')
    reader.text(longest)


def _read_field(reader: CdrReader, name: str, kind: str, limits: PolicyLimits) -> Any:
    """Return the next field, of a type as in message definitions."""
    try:
        if kind == 'string':
            return reader.text(limits.text_length)
        if kind.startswith('sequence<'):
            element = _KINDS[kind.removeprefix('sequence<').removesuffix('>')]
            return reader.array(element, limits.parameters)
        return reader.number(_KINDS[kind])
    except PolicyError as error:
        raise PolicyError(f'{name}: {error}') from error


def message_to_policy(message: Any) -> PolicyParameters:
    """Return the policy in a message; `PolicyStore` checks it.

    Args:
        message: a rl_msgs/msg/Policy or ImagePolicy, or from `read_message`.

    Raises:
        PolicyError: this robot does not know its architecture.
    """
    plain = plain_part(message)
    values = {name: getattr(plain, name) for name in ARCHITECTURE_FIELDS}
    try:
        architecture = PolicyArchitecture(**values, encoder=_encoder_of(message))
        values = {name: getattr(plain, name) for name in SCALAR_FIELDS}
        for name in ARRAY_FIELDS:
            values[name] = np.asarray(getattr(plain, name), np.float32)
        return PolicyParameters(architecture, **values)
    except PolicyError as error:
        raise PolicyError(f'policy {plain.version}: {error}') from error


def _encoder_of(message: Any) -> EncoderArchitecture | None:
    """Return the encoder of an ImagePolicy; None: it is a Policy."""
    if not hasattr(message, 'images'):
        return None
    sides = np.asarray(message.images)
    if len(sides) % _SHAPE:
        raise PolicyError(
            f'images: given {len(sides)} numbers; accepted: height, width and channels of each'
        )
    return EncoderArchitecture(
        tuple(map(tuple, sides.reshape(-1, _SHAPE).tolist())),
        tuple(message.encoder_channels),
        tuple(message.encoder_strides),
        message.encoder_features,
    )
