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

"""Observations at the steps of a control loop, from messages that come at any time."""

from typing import Any

import numpy as np
from rl_agent.configuration import build
from rl_agent.description.robot import RobotDescription
from rl_agent.robot_check.field_watch import FieldWatch
from rl_agent.robot_check.observed_vector import ObservedVector
from robot_contents import ARM


def observe(messages: list[tuple[float, float]], end_s: float) -> ObservedVector:
    """Return what a policy of 1 Hz with two frames sees of one number, sent at these times."""
    fields = [item for item in ARM['observation'] if item['name'] != 'effort']
    content = {**ARM, 'rate_hz': 1, 'stack': 2, 'previous_actions': 1, 'observation': fields}
    description = build(RobotDescription, content, 'arm.yaml')

    def extract(message: Any) -> Any:
        return np.array([message], np.float64)

    watches = [FieldWatch(item, '/joint_states', extract) for item in description.observation]
    vector = ObservedVector(description, watches)
    for time_s, number in messages:
        vector.advance(time_s)
        for watch in watches:
            watch.add(number, time_s)
    vector.advance(end_s)
    return vector


def velocities(vector: ObservedVector) -> list[float]:
    """Return the third number of each frame, the velocity, newest first."""
    assert vector.newest is not None
    assert vector.newest[-2:].tolist() == [0.0, 0.0]  # of the previous action
    return [float(vector.newest[2]), float(vector.newest[5])]


def test_before_the_first_message_there_is_nothing() -> None:
    vector = observe([], 5.0)
    assert (vector.newest, vector.samples) == (None, 0)


def test_frames_are_those_of_the_steps() -> None:
    """Steps at 0.5, 1.5 and 2.5 s see the messages of 0.25, 1.25 and 2 s."""
    messages = [(0.25, 1.0), (0.5, 1.5), (1.25, 2.0), (2.0, 3.0), (2.25, 4.0), (2.75, 5.0)]
    vector = observe(messages, 3.0)
    assert velocities(vector) == [4.0, 2.0]
    assert vector.samples == 3
    assert vector.names[2] == 'velocity'
    assert vector.names[5] == 'velocity@-1'


def test_a_silent_robot_repeats_its_values() -> None:
    """Steps at 1.0, 2.0, ..., 1001.0 s; the last two frames are the same."""
    vector = observe([(0.0, 1.0), (1.0, 2.0)], 1001.5)
    assert velocities(vector) == [2.0, 2.0]
    assert vector.samples == 1001
