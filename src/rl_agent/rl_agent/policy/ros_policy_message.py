# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Policies as ROS messages and back."""

from array import array

import numpy as np
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import (
    ARCHITECTURE_FIELDS,
    ARRAY_FIELDS,
    PolicyArchitecture,
    PolicyParameters,
    SCALAR_FIELDS,
)
from rl_agent.ros.ros_messages import float_array
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_msgs.msg import Policy as PolicyMessage


def policy_to_message(parameters: PolicyParameters) -> PolicyMessage:
    """Return the message of a policy, without a stamp."""
    values = {name: getattr(parameters.architecture, name) for name in ARCHITECTURE_FIELDS}
    values['hidden_sizes'] = array('I', values['hidden_sizes'])
    values |= {name: getattr(parameters, name) for name in SCALAR_FIELDS}
    values |= {name: float_array(getattr(parameters, name)) for name in ARRAY_FIELDS}
    return PolicyMessage(**values)


def message_to_policy(message: PolicyMessage) -> PolicyParameters:
    """Return the policy in a message; `PolicyStore` checks it.

    Raises:
        PolicyError: this robot does not know its architecture.
    """
    values = {name: getattr(message, name) for name in ARCHITECTURE_FIELDS}
    values['hidden_sizes'] = tuple(message.hidden_sizes)
    try:
        architecture = PolicyArchitecture(**values)
    except ValueError as error:
        raise PolicyError(f'policy {message.version}: {error}') from error
    values = {name: getattr(message, name) for name in SCALAR_FIELDS}
    for name in ARRAY_FIELDS:
        values[name] = np.frombuffer(getattr(message, name), np.float32)
    return PolicyParameters(architecture, **values)
