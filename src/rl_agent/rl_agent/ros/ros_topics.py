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

"""All topics, with the quality of service at both ends; docs/topics.md lists them in a table.

Topics between robots and learner have absolute names, because each robot has its own namespace
but all share one learner. A fleet with several learners remaps them.
"""

from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.qos import (
    DurabilityPolicy,
    LivelinessPolicy,
    qos_profile_sensor_data,
    QoSProfile,
    ReliabilityPolicy,
)
from rl_agent.bringup.evaluation_topics import EPISODE as EPISODE
from rl_agent.bringup.evaluation_topics import POLICY as POLICY
from rl_agent.bringup.evaluation_topics import STEP as STEP
from rl_agent.bringup.evaluation_topics import TRANSITIONS as TRANSITIONS
from rl_agent.bringup.evaluation_topics import TRANSITIONS_ACK as TRANSITIONS_ACK

LEARNER_STATUS = '/learner_status'
REPLAY_STATUS = '/replay_status'
DIAGNOSTICS = '/diagnostics'
FLEET_EMERGENCY_STOP = '/emergency_stop'  # stops every robot

# in the robot's namespace
AGENT_STATUS = 'agent_status'
RANDOMISATION = 'randomisation'
EMERGENCY_STOP = 'emergency_stop'
MARKERS = 'markers'
JOY = 'joy'

# parameter of the simulated robot
RESET_SEED = 'reset_seed'

# Both are offered reliable, for recorders, but agent and bridge request best effort: numbers and
# acknowledgements repair a loss within a round trip, while DDS holds back all messages after a
# lost one until its next heartbeat, seconds later.
TRANSITIONS_OFFERED_QOS = QoSProfile(depth=100)
TRANSITIONS_QOS = QoSProfile(depth=1000, reliability=ReliabilityPolicy.BEST_EFFORT)
ACK_QOS = QoSProfile(depth=100)
ACK_WANTED_QOS = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
POLICY_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RANDOMISATION_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STATUS_QOS = QoSProfile(depth=10)
EPISODE_QOS = QoSProfile(depth=100)
STEP_QOS = QoSProfile(depth=100)
DIAGNOSTICS_QOS = QoSProfile(depth=10)
WORD_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)  # any publisher's

# The robot's own topics. Sensors are read as best effort, which is compatible with all drivers.
# Only the newest command counts, but a simulation in lockstep must not miss any.
SENSOR_QOS = qos_profile_sensor_data
SENSOR_OFFERED_QOS = QoSProfile(depth=10)
# What is published once reaches late subscribers. Each of several publishers may send a part.
ONCE_QOS = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
ONCE_OFFERED_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
COMMAND_QOS = QoSProfile(depth=1)
# Its publisher can assert its liveliness on the same path as a command. It is compatible with
# subscriptions that request automatic liveliness or none.
COMMAND_REHEARSED_QOS = QoSProfile(depth=1, liveliness=LivelinessPolicy.MANUAL_BY_TOPIC)
REHEARSED_COMMANDS = '_rehearsed_commands'  # `_` hides it from `ros2 topic list`
HAND_OFFERED_QOS = QoSProfile(depth=10)
COMMAND_SIMULATED_QOS = QoSProfile(depth=10)
CLOCK_QOS = QoSProfile(depth=10)
# One subscription for each kind of publisher: the first one is compatible with all of them, the
# second one has lost messages repeated, the third one receives what a latching publisher sent
# before.
EMERGENCY_STOP_QOS = (
    QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT),
    QoSProfile(depth=10),
    QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL),
)


def steady_clock() -> Clock:
    """Return a clock for timers that must run while simulated time stands still."""
    return Clock(clock_type=ClockType.STEADY_TIME)


def sensor_offered_qos(*, once: bool) -> QoSProfile:
    """Return what a simulated sensor offers; `once`: its message is published once."""
    return ONCE_OFFERED_QOS if once else SENSOR_OFFERED_QOS


def full_node_name(endpoint: Any) -> str:
    """Return the full name of the node of a publisher or subscription.

    Empty: not known yet, because discovery finds topics before the names of their nodes.
    """
    if 'UNKNOWN' in endpoint.node_name:
        return ''
    return f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}'
