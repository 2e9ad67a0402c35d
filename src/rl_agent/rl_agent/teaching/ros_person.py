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

"""What a person may do with a robot: words and a hand, as its description allows."""

from rclpy.node import Node
from rl_agent.description.robot import RobotDescription
from rl_agent.event_log import EventLog
from rl_agent.safety.safety_state import SafetyState
from rl_agent.teaching.ros_hand import RosHand
from rl_agent.teaching.words import Words


def make_words(
    description: RobotDescription, state: SafetyState, events: EventLog
) -> Words | None:
    """Return the words of a robot; None: its description has none."""
    if description.words is None:
        return None
    return Words(description.words, state, description.safety.stop, events)


def make_hand(
    node: Node,
    description: RobotDescription,
    events: EventLog,
    words: Words | None,
    *,
    in_real_time: bool,
) -> RosHand | None:
    """Return the hand of a person, whose buttons say words; None: there is no `teleop`.

    Args:
        node: listens to the hand.
        description: of this one robot.
        events: receives the reports.
        words: of the robot.
        in_real_time: False: the robot is stepped in lockstep.
    """
    if description.teleop is None:
        return None
    return RosHand(
        node,
        description,
        events,
        in_real_time=in_real_time,
        on_buttons=words.press if words else lambda pressed: None,
    )
