# Copyright 2026 The rl_learner authors
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

"""Means over a robot's newest steps, and how the display shows them."""

import io

import pytest
from rich.console import Console
from rl_learner.demo.display import Display, RunStatus
from rl_learner.demo.ros_monitor import Observed
from rl_learner.demo.ros_step_means import StepMeans
from rl_msgs.msg import AgentStatus, Step

SHOWN = {'speed m/s': 'velocity/0', 'height m': 'position/2'}


def step(forward: float, velocity: float) -> Step:
    """Return a step of a robot without an observed height."""
    return Step(
        robot='rex',
        observation_names=['angle', 'velocity/0'],
        observation=[9.0, velocity],
        reward_names=['forward', 'yaw_rate'],
        reward_parts=[forward, -0.5],
    )


def test_means_of_reward_parts_and_shown_observations() -> None:
    means = StepMeans(SHOWN)
    means.add(step(1.0, 0.25))
    means.add(step(0.5, 0.75))
    assert means.reward_parts == pytest.approx({'forward': 0.75, 'yaw_rate': -0.5})
    assert means.observation == pytest.approx({'speed m/s': 0.5})


def test_only_the_newest_200_steps_count() -> None:
    means = StepMeans(SHOWN)
    for number in range(300):
        means.add(step(0.0 if number < 100 else 1.0, 0.0))
    assert means.reward_parts['forward'] == pytest.approx(1.0)


def test_the_line_without_a_terminal_is_complete() -> None:
    means = StepMeans(SHOWN)
    means.add(step(0.5, 0.25))
    status = AgentStatus(robot='rex', last_return=12.0, policy_version=3)
    observed = Observed(agents={'rex': status}, step_means={'rex': means})
    text = io.StringIO()
    with Display(Console(file=text, width=500)) as display:
        display.show(observed, RunStatus('title', 'learning', 100, 1.0))
    assert '[rex return 12 policy 3' in text.getvalue()
    assert 'speed m/s 0.25, reward of a step: forward 0.5 + yaw_rate -0.5]' in text.getvalue()
