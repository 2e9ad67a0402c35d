# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Between plain objects and rl_msgs. Arrays go as array.array: rclpy copies those fast."""

from array import array
from collections.abc import Sequence
import importlib
from typing import Any

from builtin_interfaces.msg import Time
import numpy as np
from numpy.typing import NDArray
from rl_agent.configuration import hint
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.policy import PolicyArchitecture, PolicyParameters
from rl_agent.spool import SpooledBatch
from rl_agent.transition_batch import Sender, TransitionArrays
from rl_msgs.msg import Policy as PolicyMessage
from rl_msgs.msg import TransitionBatch

_NANOSECONDS = 1_000_000_000


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
    """Return the message of a spooled batch, without its stamp."""
    rows = batch.transitions
    return TransitionBatch(
        robot=sender.robot,
        session=sender.session,
        fingerprint=sender.fingerprint,
        first_sequence=batch.first_sequence,
        oldest_sequence=batch.oldest_sequence,
        count=len(rows),
        observation_size=len(rows[0].observation),
        action_size=len(rows[0].action),
        observation=float_array([row.observation for row in rows]),
        action=float_array([row.action for row in rows]),
        reward=float_array([row.reward for row in rows]),
        next_observation=float_array([row.next_observation for row in rows]),
        terminated=array('B', [row.terminated for row in rows]),
        truncated=array('B', [row.truncated for row in rows]),
        intervention=array('B', [row.intervention for row in rows]),
        evaluation=array('B', [row.evaluation for row in rows]),
        policy_version=array('Q', [row.policy_version for row in rows]),
        episode=array('I', [row.episode for row in rows]),
        step=array('I', [row.step for row in rows]),
        stamp=array('q', [row.stamp_ns for row in rows]),
    )


def message_to_arrays(message: TransitionBatch) -> TransitionArrays:
    """Return the columns of a batch.

    Raises:
        ConfigurationError: an array is not as long as `count` and the sizes say.
    """
    count = message.count
    wide, narrow = (count, message.observation_size), (count, message.action_size)
    return TransitionArrays(
        observation=_column(message, 'observation', np.float32, wide),
        action=_column(message, 'action', np.float32, narrow),
        reward=_column(message, 'reward', np.float32, (count,)),
        next_observation=_column(message, 'next_observation', np.float32, wide),
        terminated=_column(message, 'terminated', np.uint8, (count,)).astype(np.bool_),
        truncated=_column(message, 'truncated', np.uint8, (count,)).astype(np.bool_),
        episode=_column(message, 'episode', np.uint32, (count,)),
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


def _column(message: TransitionBatch, name: str, dtype: Any, shape: Sequence[int]) -> NDArray[Any]:
    """Return one array of a batch in its shape."""
    values = np.frombuffer(getattr(message, name), dtype)
    if values.size != np.prod(shape):
        raise ConfigurationError(
            f'TransitionBatch of {message.robot!r}: {name}: given {values.size} values;'
            f' accepted: {" x ".join(map(str, shape))}'
        )
    return values.reshape(shape)
