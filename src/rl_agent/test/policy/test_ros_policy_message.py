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

"""Serialised policies: read as rclpy reads them, and refused where they are damaged."""

from array import array
import contextlib
import dataclasses
import struct

import numpy as np
from pendulum_robot import make_parameters
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import PolicyError
from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.ros_policy_message import (
    message_to_policy,
    message_type,
    plain_part,
    policy_to_message,
    read_message,
)
from rl_agent.security.policy_signature import new_private_key, SigningKey, TrustedKeys
from rl_msgs.msg import Policy as PolicyMessage


def serialised(parameters: PolicyParameters, frame: str = '') -> bytes:
    """Return a policy in CDR, as a learner sends it."""
    message = policy_to_message(parameters)
    message.header.frame_id = frame
    data: bytes = serialize_message(message)
    return data


@pytest.mark.parametrize('frame', ['', 'a', 'ab', 'abc', 'abcd'])
@pytest.mark.parametrize('session', ['', 'learner', 'gr\u00fcn'])
def test_every_field_is_read_as_rclpy_reads_it(frame: str, session: str) -> None:
    """Texts of all lengths move what follows to all alignments."""
    statistics = np.array([1.0, 2.0, 3.0], np.float32)
    sent = dataclasses.replace(
        make_parameters(2**63 + 5, session=session),
        observation_mean=statistics,
        observation_std=2 * statistics,
        updates=7,
        uniform_exploration=True,
    )
    data = serialised(sent, frame)
    read, expected = read_message(data), deserialize_message(data, PolicyMessage)
    for name in PolicyMessage.get_fields_and_field_types():
        if name != 'header':
            value, wanted = getattr(read, name), getattr(expected, name)
            is_list = isinstance(wanted, array)
            assert (value.tolist() == wanted.tolist()) if is_list else (value == wanted), name
            assert is_list or type(value) is type(wanted), name
    got = message_to_policy(read)
    assert got.architecture.hidden_sizes == (8, 4)
    assert np.array_equal(got.parameters, sent.parameters)


def test_arrays_are_views_of_the_message() -> None:
    data = serialised(make_parameters())
    parameters = message_to_policy(read_message(data)).parameters
    assert np.shares_memory(parameters, np.frombuffer(data, np.uint8))


def test_a_policy_cut_anywhere_is_refused_or_lacks_its_end() -> None:
    data = serialised(make_parameters())
    for size in range(len(data)):
        try:
            parameters = message_to_policy(read_message(data[:size])).parameters
        except PolicyError:
            continue
        assert parameters.size in (0, 78)  # none, which the store refuses, or all of them


def test_a_policy_from_before_signatures_is_read() -> None:
    """Its message ends with the parameters; the fields after them are empty."""
    data = serialised(make_parameters(3))
    end = len(data) - 20  # `run` 4 and 1, padding 3, `signed_ns` 8, length of `signature` 4
    message = read_message(data[:end])
    assert (message.run, message.signed_ns, message.signature.size) == ('', 0, 0)
    assert message_to_policy(message).parameters.size == 78


def test_every_changed_byte_is_refused_or_read() -> None:
    """Nothing but a `PolicyError` comes out, whatever the byte becomes."""
    data = serialised(make_parameters())
    for place in range(min(len(data), 200)):
        for value in (0, 1, 0x7F, 0x80, 0xFF):
            changed = data[:place] + bytes([value]) + data[place + 1 :]
            with contextlib.suppress(PolicyError):
                message_to_policy(read_message(changed))


@pytest.mark.parametrize('data', [b'', b'\0', b'\0\1\0', b'\0\2\0\0', b'\1\1\0\0' + bytes(99)])
def test_what_is_no_plain_cdr_is_refused(data: bytes) -> None:
    with pytest.raises(PolicyError, match='message: header: given'):
        read_message(data)


def test_a_longer_list_than_any_policy_needs_is_not_read() -> None:
    """A header, then a version, and a fingerprint of 4 GB."""
    data = b'\0\1\0\0' + struct.pack('<iIIxxxxQI', 0, 0, 0, 1, 2**32 - 1) + bytes(99)
    with pytest.raises(PolicyError, match=r'fingerprint: message: text: given 4294967295 bytes'):
        read_message(data)


def test_a_message_of_the_other_byte_order_is_read() -> None:
    """The same 40 bytes by hand: header, version 3, no fingerprint, session `ab`, updates 5."""
    for mark, order in ((b'\0', '>'), (b'\1', '<')):
        fields = struct.pack(f'{order}iII4xQI', 0, 0, 0, 3, 0)
        fields += struct.pack(f'{order}I3sx', 3, b'ab\0')
        fields += bytes(-len(fields) % 8) + struct.pack(f'{order}Q', 5)
        message = read_message(b'\0' + mark + b'\0\0' + fields)
        given = (message.version, message.fingerprint, message.learner_session, message.updates)
        assert given == (3, '', 'ab', 5)
        assert message.layer_norm is False
        assert message.parameters.size == 0


def test_a_policy_of_too_many_layers_is_counted_before_it_is_read() -> None:
    message = policy_to_message(make_parameters())
    message.hidden_sizes = array('I', [1] * 100_000)
    with pytest.raises(PolicyError, match=r'hidden_sizes: given 100000 layers; accepted: 1 to 32'):
        message_to_policy(read_message(serialize_message(message)))


IMAGES = ((12, 10, 3), (9, 9, 1))


def image_parameters(version: int = 3) -> PolicyParameters:
    """Return a policy that sees two images beside two numbers."""
    encoder = EncoderArchitecture(IMAGES, channels=(4, 6), strides=(2, 1), features=5)
    size = 2 + encoder.packed_size
    architecture = PolicyArchitecture(size, 1, (8,), exploration_noise=0.125, encoder=encoder)
    rng = np.random.default_rng(0)
    numbers = rng.normal(0.0, 0.1, architecture.num_parameters).astype(np.float32)
    return PolicyParameters(architecture, numbers, version=version, learner_session='learner')


@pytest.mark.parametrize('frame', ['', 'a', 'ab', 'abc', 'abcd'])
def test_a_policy_that_sees_images_comes_back_with_its_encoder(frame: str) -> None:
    sent = image_parameters()
    message = policy_to_message(sent)
    assert type(message) is message_type(sees_images=True)
    plain_part(message).header.frame_id = frame
    got = message_to_policy(read_message(serialize_message(message), sees_images=True))
    for received in (got, message_to_policy(message)):
        assert received.architecture == sent.architecture
        assert np.array_equal(received.parameters, sent.parameters)
        assert (received.version, received.learner_session) == (3, 'learner')
    rng = np.random.default_rng(0)
    observation = rng.integers(0, 2**24, sent.architecture.observation_size).astype(np.float32)
    acted, expected = (
        Policy(item).act(observation, rng, deterministic=True) for item in (got, sent)
    )
    assert np.array_equal(acted, expected)


def test_the_signature_of_a_policy_that_sees_images_covers_its_encoder() -> None:
    pytest.importorskip('cryptography', reason='signatures need cryptography')
    private = new_private_key()
    key, trusted = SigningKey(private), TrustedKeys([private.public_key()])
    data = bytearray(key.seal(serialize_message(policy_to_message(image_parameters()))))
    trusted.check(bytes(data))
    assert read_message(bytes(data), sees_images=True).version == 3
    data[8] += 1  # the height of the first image
    with pytest.raises(PolicyError, match='does not fit the policy'):
        trusted.check(bytes(data))


def test_images_with_missing_sides_are_named() -> None:
    message = policy_to_message(image_parameters())
    message.images = message.images[:-1]
    with pytest.raises(PolicyError, match='policy 3: images: given 5 numbers; accepted: height'):
        message_to_policy(message)


def test_policies_without_images_are_the_messages_of_before() -> None:
    assert type(policy_to_message(make_parameters(1))) is PolicyMessage
    assert message_type(sees_images=False) is PolicyMessage


def test_a_robot_refuses_policies_that_see_other_images() -> None:
    """As many numbers in another shape would pass every other check."""
    spaces = Spaces(load_robot('arm_camera'))
    (seen,) = spaces.images
    other = (seen.height // 2, seen.width * 2, seen.channels)
    encoder = EncoderArchitecture((other,), channels=(4,), strides=(2,), features=5)
    architecture = PolicyArchitecture(
        spaces.observation_size, spaces.action_size, (8,), encoder=encoder
    )
    sent = PolicyParameters(
        architecture,
        np.zeros(architecture.num_parameters, np.float32),
        version=1,
        fingerprint=spaces.fingerprint,
    )
    with pytest.raises(PolicyError, match=r'policy 1: images: given .*those of this'):
        PolicyStore(spaces).offer(sent)
