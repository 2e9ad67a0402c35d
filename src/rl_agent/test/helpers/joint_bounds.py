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

"""The bounds of a robot with one command topic, whose joints are measured."""

from rl_agent.description.action import ActionDescription
from rl_agent.description.command import CommandDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.safety import SafetyDescription
from rl_agent.safety.command_bounds import CommandBounds, make_bounds


def joint_bounds(
    action: ActionDescription, rate_hz: float, safety: SafetyDescription | None = None
) -> CommandBounds:
    """Return the bounds of an action; a field of its unit measures its joints."""
    field = ObservationField(
        'measured',
        'joints',
        'sensor_msgs/msg/JointState',
        'position',
        action.joints,
        unit=action.unit,
    )
    return make_bounds(CommandDescription((action,)), rate_hz, safety, (field,))
