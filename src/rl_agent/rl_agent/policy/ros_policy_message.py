# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Between policies and their messages."""

from array import array

import numpy as np
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.ros.ros_messages import float_array
from rl_msgs.msg import Policy as PolicyMessage


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
