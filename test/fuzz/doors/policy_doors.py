# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Policies at a robot: messages with and without signatures, and files."""

from array import array
from collections.abc import Callable
import dataclasses
from functools import cache
import io
import json
from pathlib import Path
from random import Random
from typing import Any
import zipfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from door import Door, Ear, RefusedError
import numpy as np
from odd_values import break_tree, odd_float, odd_integer, odd_text
from pendulum_robot import make_parameters
from rclpy.serialization import serialize_message
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.event_log import EventLog
from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_agent.policy.output_bounds import check_outputs
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_authority import PolicyAuthority
from rl_agent.policy.policy_file import load_policy, save_policy
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.policy.ros_policy_subscriber import PolicySubscriber
from rl_agent.ros.ros_topics import POLICY
from rl_agent.security.policy_signature import SigningKey, TrustedKeys
from rl_learner.export import numpy_file

SPACES = Spaces(load_robot('pendulum'))
IN_USE = make_parameters(5)
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_LONGEST_ACTION_S = 10.0  # the fuzzer shares its processor
_ENCODING = slice(2, 4)  # options that no signature covers


@cache
def policies() -> list[PolicyParameters]:
    """Return policies of each architecture for the pendulum, all newer than the one in use."""
    shapes: list[dict[str, Any]] = [
        {},
        {'layer_norm': True, 'activation': 'elu'},
        {'distribution': 'gsde', 'activation': 'tanh', 'mean_clip': 2.0},
        {'distribution': 'deterministic', 'sde_sample_freq': 0},
    ]
    rng, made = np.random.default_rng(7), []
    for number, shape in enumerate(shapes):
        architecture = PolicyArchitecture(3, 1, (6, 4), **shape)
        normal = rng.normal(0.0, 0.4, architecture.num_parameters).astype(np.float32)
        changed = dataclasses.replace(
            make_parameters(6 + number), architecture=architecture, parameters=normal
        )
        if number % 2:
            mean = np.array([0.1, 0.2, 0.3], np.float32)
            changed = dataclasses.replace(
                changed, observation_mean=mean, observation_std=mean + np.float32(1)
            )
        made.append(changed)
    return made


def check_actions(policy: Policy, spaces: Spaces = SPACES) -> None:
    """Check that a policy that a robot took acts within bounds for any observation."""
    rng = np.random.default_rng(0)
    low, high = (
        np.nan_to_num(bound, posinf=0.0, neginf=0.0)
        for bound in (spaces.observation_low, spaces.observation_high)
    )
    for observation in (low, high, (low + high) / np.float32(2)):
        policy.reset(rng)
        for deterministic in (False, True):
            action = policy.act(observation.astype(np.float32), rng, deterministic)
            assert np.isfinite(action).all(), f'action {action}'
            assert (np.abs(action) <= 1.0).all(), f'action {action}'


def break_message(message: Any, rng: Random) -> None:
    """Give one to three fields of a message wrong values of the right types."""
    types = message.get_fields_and_field_types()
    for _ in range(rng.choice((1, 1, 2, 3))):
        name = rng.choice(list(types))
        if types[name] == 'std_msgs/Header':
            message.header.frame_id = odd_text(rng)
            message.header.stamp.nanosec = odd_integer(rng, 32)
        else:
            setattr(message, name, _odd_field(types[name], getattr(message, name), rng))


def _odd_field(kind: str, value: Any, rng: Random) -> Any:
    """Return a wrong value of a type as in message definitions."""
    if kind.startswith('sequence<'):
        return _odd_sequence(kind.removeprefix('sequence<').removesuffix('>'), value, rng)
    if kind == 'boolean':
        return not value
    if kind == 'string':
        return odd_text(rng)
    if kind in ('float', 'double'):
        return odd_float(rng)
    bits = int(kind.removeprefix('u').removeprefix('int'))
    number = odd_integer(rng, bits)
    return number if kind.startswith('u') else number - 2 ** (bits - 1)


def _odd_sequence(element: str, value: Any, rng: Random) -> Any:
    """Return a list of another length, or with a wrong element."""
    values = list(value)
    change = rng.randrange(4)
    if change == 0 and values:
        del values[rng.randrange(len(values)) :]
    elif change == 1:
        most = 33 if element == 'string' else 3000
        values = [_odd_field(element, 0, rng)] * rng.choice((0, 1, 7, most))
    elif change == 2:
        values.append(_odd_field(element, 0, rng))
    elif values:
        values[rng.randrange(len(values))] = _odd_field(element, 0, rng)
    return values if element == 'string' else array(value.typecode, values)


class PolicyMessageDoor(Door):
    """A policy message of anybody, at a robot that has a good policy."""

    def __init__(self, folder: Path, *, signed: bool = False) -> None:
        """Begin; signed: the robot trusts one key, whose signature all seeds have."""
        self._signed = signed
        messages = [policy_to_message(item) for item in policies()]
        if signed:
            for number, message in enumerate(messages):
                message.run, message.signed_ns = 'run', number + 1
        data = [serialize_message(message) for message in messages]
        self.seeds = [SigningKey(_KEY).seal(item) for item in data] if signed else data

    def broken(self, rng: Random) -> bytes | None:
        """Return a message with wrong values; without the key, nobody can sign one."""
        if self._signed:
            return None
        message = policy_to_message(rng.choice(policies()))
        break_message(message, rng)
        data: bytes = serialize_message(message)
        return data

    def give(self, data: bytes) -> None:
        """Let the message arrive."""
        events, ear = EventLog(), Ear()
        store = PolicyStore(SPACES, events, _LONGEST_ACTION_S)
        store.offer(IN_USE)
        before = store.newest
        authority = PolicyAuthority(TrustedKeys([_KEY.public_key()])) if self._signed else None
        PolicySubscriber(ear, store, authority)  # type: ignore[arg-type]
        ear.callbacks[POLICY](data)
        newest = store.newest
        if newest is before:
            raise RefusedError(' '.join(report.text for report in events.take_reports()))
        assert newest is not None
        assert store.rejected == 0, 'a policy was refused, and used'
        assert not self._signed or self._is_a_seed(data), 'a changed message was obeyed'
        check_actions(newest.policy)

    def _is_a_seed(self, data: bytes) -> bool:
        """Return whether only bytes without meaning differ from a seed."""
        same = bytearray(data)
        same[_ENCODING] = self.seeds[0][_ENCODING]
        return bytes(same) in self.seeds


class ImagePolicyDoor(Door):
    """A policy message of anybody, at a robot with a camera."""

    def __init__(self, folder: Path) -> None:
        """Begin with a policy for the simulated arm."""
        self._spaces = spaces = Spaces(load_robot('arm_camera'))
        images = tuple(image.shape for image in spaces.images)
        encoder = EncoderArchitecture(images, channels=(4, 4), strides=(3, 2), features=6)
        architecture = PolicyArchitecture(
            spaces.observation_size, spaces.action_size, (6,), encoder=encoder
        )
        rng = np.random.default_rng(7)
        self._policy = PolicyParameters(
            architecture,
            rng.normal(0.0, 0.2, architecture.num_parameters).astype(np.float32),
            version=3,
            fingerprint=spaces.fingerprint,
        )
        self.seeds = [serialize_message(policy_to_message(self._policy))]

    def broken(self, rng: Random) -> bytes | None:
        """Return a message with wrong values, in its encoder or in the rest."""
        message = policy_to_message(self._policy)
        types = message.get_fields_and_field_types()
        name = rng.choice(list(types))
        if name == 'policy':
            break_message(message.policy, rng)
        else:
            setattr(message, name, _odd_field(types[name], getattr(message, name), rng))
        data: bytes = serialize_message(message)
        return data

    def give(self, data: bytes) -> None:
        """Let the message arrive."""
        events, ear = EventLog(), Ear()
        store = PolicyStore(self._spaces, events, _LONGEST_ACTION_S)
        PolicySubscriber(ear, store, sees_images=True)  # type: ignore[arg-type]
        ear.callbacks[POLICY](data)
        if store.newest is None:
            raise RefusedError(' '.join(report.text for report in events.take_reports()))
        check_actions(store.newest.policy, self._spaces)


class PolicyFileDoor(Door):
    """A policy as .npz file, at a robot and in the learner's tools."""

    def __init__(self, folder: Path) -> None:
        """Begin."""
        self._path = folder / 'policy.npz'
        self._policies = policies()
        self.seeds = []
        for parameters in self._policies:
            save_policy(self._path, parameters, {'robot': np.array('null')})
            self.seeds.append(self._path.read_bytes())

    def broken(self, rng: Random) -> bytes | None:
        """Return an archive with a wrong header, or wrong arrays."""
        with zipfile.ZipFile(io.BytesIO(rng.choice(self.seeds))) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        if rng.random() < 0.5:
            text = str(np.load(io.BytesIO(members['header.npy'])))
            members['header.npy'] = _array_file(
                np.array(json.dumps(break_tree(json.loads(text), rng)))
            )
        else:
            name = rng.choice(list(members))
            members[name] = rng.choice(_ARRAYS)(rng)
        if rng.random() < 0.2:
            members.pop(rng.choice(list(members)))
        content = io.BytesIO()
        compression = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        with zipfile.ZipFile(content, 'w', compression) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return content.getvalue()

    def give(self, data: bytes) -> None:
        """Load the file."""
        self._path.write_bytes(data)
        parameters = load_policy(self._path)
        Policy(parameters)
        decoded = numpy_file.decode(self._path)
        assert decoded.parameters.architecture == parameters.architecture
        if parameters.architecture.observation_size != SPACES.observation_size:
            return
        check_outputs(parameters, SPACES.observation_low, SPACES.observation_high)
        check_actions(Policy(parameters))


def _array_file(values: Any) -> bytes:
    """Return an array as .npy file."""
    content = io.BytesIO()
    np.save(content, values, allow_pickle=False)
    return content.getvalue()


def _promise(rng: Random) -> bytes:
    """Return an .npy file whose header promises more than it holds."""
    shape = rng.choice(('(9000000000,)', '(2, 9000000000)', '(0, 99999999999)', '(-1,)', '(1e9,)'))
    kind = rng.choice(('<f4', '<f8', '|O', '|S4000000', '<U4000000', '|V9', "[('a', '<f4')]"))
    descr = kind if kind.startswith('[') else repr(kind)
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    head = text.encode().ljust(118) + b'\n'
    return b'\x93NUMPY\x01\x00' + len(head).to_bytes(2, 'little') + head + bytes(64)


_ARRAYS: tuple[Callable[[Random], bytes], ...] = (
    lambda rng: _array_file(np.zeros(rng.choice((0, 1, 3, 100)), np.float32)),
    lambda rng: _array_file(np.zeros((2, 3), np.float64)),
    lambda rng: _array_file(np.array('x' * rng.choice((0, 3, 20_000)))),
    lambda rng: _array_file(np.full(61, odd_float(rng), np.float32)),
    lambda rng: bytes(rng.choice((0, 10, 100_000, 30_000_000))),
    _promise,
    _promise,
)
