# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Between plain objects and rl_msgs. Arrays go as array.array: rclpy copies those fast."""

from array import array
import importlib
from typing import Any

from builtin_interfaces.msg import Time
import numpy as np
from rl_agent.configuration import hint
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.policy.policy import PolicyArchitecture, PolicyParameters
from rl_agent.transport.spool import SpooledBatch
from rl_agent.transport.transition_batch import Sender
from rl_msgs.msg import Policy as PolicyMessage
from rl_msgs.msg import TransitionBatch

_NANOSECONDS = 1_000_000_000
# array fields of a TransitionBatch, and of a spooled record, with their type codes
_COLUMNS = {
    'observation': 'f',
    'action': 'f',
    'reward': 'f',
    'next_observation': 'f',
    'terminated': 'B',
    'truncated': 'B',
    'intervention': 'B',
    'evaluation': 'B',
    'policy_version': 'Q',
    'episode': 'I',
    'step': 'I',
    'stamp': 'q',
}


def import_message(type_name: str) -> type[Any]:
    """Return the class of a message type, `package/msg/Name`.

    Raises:
        ConfigurationError: the package is not installed or has no such message.
    """
    package, _, name = type_name.split('/')
    try:
        module = importlib.import_module(f'{package}.msg')
    except ImportError as error:
        raise ConfigurationError(
            f'given {type_name!r}; accepted: the type of an installed message ({error})'
        ) from error
    if not hasattr(module, name):
        names = [item for item in vars(module) if item[0].isupper()]
        raise ConfigurationError(
            f'given {type_name!r}{hint(name, names)}; accepted: a message of {package}'
        )
    message: type[Any] = getattr(module, name)
    return message


def stamp_to_ns(stamp: Time) -> int:
    """Return a ROS stamp in nanoseconds."""
    return int(stamp.sec) * _NANOSECONDS + int(stamp.nanosec)


def ns_to_stamp(nanoseconds: int) -> Time:
    """Return nanoseconds as a ROS stamp."""
    return Time(sec=nanoseconds // _NANOSECONDS, nanosec=nanoseconds % _NANOSECONDS)


def float_array(values: Any) -> 'array[float]':
    """Return numbers as the array that a float32[] field takes fastest."""
    return array('f', np.ascontiguousarray(values, np.float32).tobytes())


def batch_to_message(batch: SpooledBatch, sender: Sender) -> TransitionBatch:
    """Return the message of a spooled batch, under its own session and without its stamp."""
    rows = batch.records
    return TransitionBatch(
        robot=sender.robot,
        session=batch.session,
        fingerprint=sender.fingerprint,
        first_sequence=batch.first_sequence,
        oldest_sequence=batch.oldest_sequence,
        count=len(rows),
        observation_size=rows.dtype['observation'].shape[0],
        action_size=rows.dtype['action'].shape[0],
        **{name: array(code, rows[name].tobytes()) for name, code in _COLUMNS.items()},
    )


def policy_to_message(parameters: PolicyParameters) -> PolicyMessage:
    """Return the message of a policy, without its stamp."""
    architecture = parameters.architecture
    return PolicyMessage(
        version=parameters.version,
        fingerprint=parameters.fingerprint,
        learner_session=parameters.learner_session,
        updates=parameters.updates,
        observation_size=architecture.observation_size,
        action_size=architecture.action_size,
        hidden_sizes=array('I', architecture.hidden_sizes),
        activation=architecture.activation,
        layer_norm=architecture.layer_norm,
        distribution=architecture.distribution,
        log_std_min=architecture.log_std_min,
        log_std_max=architecture.log_std_max,
        mean_clip=architecture.mean_clip,
        exploration_noise=architecture.exploration_noise,
        sde_sample_freq=architecture.sde_sample_freq,
        uniform_exploration=parameters.uniform_exploration,
        observation_clip=architecture.observation_clip,
        observation_mean=float_array(parameters.observation_mean),
        observation_std=float_array(parameters.observation_std),
        parameters=float_array(parameters.parameters),
    )


def message_to_policy(message: PolicyMessage) -> PolicyParameters:
    """Return the policy in a message; `PolicyStore` checks it.

    Raises:
        PolicyError: its architecture is none that this robot knows.
    """
    try:
        architecture = PolicyArchitecture(
            observation_size=message.observation_size,
            action_size=message.action_size,
            hidden_sizes=tuple(message.hidden_sizes),
            activation=message.activation,
            layer_norm=message.layer_norm,
            distribution=message.distribution,
            log_std_min=message.log_std_min,
            log_std_max=message.log_std_max,
            mean_clip=message.mean_clip,
            exploration_noise=message.exploration_noise,
            sde_sample_freq=message.sde_sample_freq,
            observation_clip=message.observation_clip,
        )
    except ValueError as error:
        raise PolicyError(f'policy {message.version}: {error}') from error
    return PolicyParameters(
        architecture=architecture,
        parameters=np.frombuffer(message.parameters, np.float32),
        observation_mean=np.frombuffer(message.observation_mean, np.float32),
        observation_std=np.frombuffer(message.observation_std, np.float32),
        version=message.version,
        updates=message.updates,
        fingerprint=message.fingerprint,
        learner_session=message.learner_session,
        uniform_exploration=message.uniform_exploration,
    )
