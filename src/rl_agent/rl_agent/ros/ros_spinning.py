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

"""Callbacks of an executor: served on the thread that waits for them, or called regularly."""

from collections.abc import Callable, Sequence
import time

from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.timer import Timer
from rl_agent.real_time.chore import Chore
from rl_agent.ros.ros_topics import steady_clock

_POLL_PERIOD_S = 0.05  # between two checks of the condition without a callback


def serve(executor: Executor, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
    """Serve callbacks until a condition holds or time is up; return whether it holds."""
    deadline_s = time.monotonic() + seconds
    while not (holds := until()) and time.monotonic() < deadline_s:
        executor.spin_once(timeout_sec=_POLL_PERIOD_S)
    return holds


def start_timers(node: Node, chores: Sequence[Chore]) -> list[Timer]:
    """Let the executor of a node do chores regularly; return the timers.

    A real-time loop has a better place for them: rclpy visits everything it serves at each timer,
    which takes a millisecond and may delay a command.
    """
    return [
        node.create_timer(chore.period_s, chore.work, clock=steady_clock()) for chore in chores
    ]
