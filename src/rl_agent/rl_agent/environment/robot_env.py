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

"""A robot as a gymnasium.Env: observations, rewards and episodes by its description."""

from collections.abc import Mapping
import dataclasses
from functools import partial
import threading
from typing import Any

import gymnasium
from gymnasium.spaces import Box
import numpy as np
from numpy.typing import NDArray
from rl_agent.array_checks import all_finite
from rl_agent.array_types import Float32Array
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading, Robot
from rl_agent.environment.safety_monitor import SafetyMonitor
from rl_agent.environment.spaces import Spaces
from rl_agent.environment.transforms import refuse_non_finite
from rl_agent.errors import PolicyError, RobotError, StoppedError
from rl_agent.event_log import EventLog
from rl_agent.safety.safety_filter import SafeAction, SafetyFilter, Tightening
from rl_agent.safety.safety_state import SafetyState
from rl_agent.safety.watchdogs import CONTROL_LOOP_STUCK
from rl_agent.tasks.task import Task
from rl_agent.teaching.takeover import Takeover
from rl_agent.teaching.words import Words
from rl_agent.transport.transition import Intervention

_POLL_PERIOD_S = 0.1


class RobotEnv(gymnasium.Env[Float32Array, Float32Array]):
    """A described robot with Gymnasium's interface.

    Actions are in [-1, 1]; the description maps them to the robot's units. The `info` of `step`
    says what the robot executed:

    | key                | content                                                         |
    |--------------------|-----------------------------------------------------------------|
    | `executed_action`  | after the safety filter, in [-1, 1], (action,) float32          |
    | `command`          | the same in the robot's units, (action,) float64                |
    | `intervention`     | who chose `executed_action`, an `Intervention`                  |
    | `reward_parts`     | name to part of the reward                                      |
    | `stamp_ns`         | time of the observation by the robot's clock                    |
    | `stop`             | what stopped the robot in this step; empty: nothing             |
    | `word`             | `success`, `failure` or `discard`, said in this step; or empty  |
    | `succeeded`        | whether the task has succeeded; None: nobody tells              |
    | `observed`         | False: the observation is old, nothing can be learned from it   |

    While a person drives with a hand, the person's action takes the place of the wanted one. A
    stop or a limit that replaces a whole command is its choice, whoever drives.

    A stop truncates the episode, unless the task terminates it. `reset` waits until the robot may
    move again.

    Attributes:
        spaces: layout of observations and actions.
        state: whether the robot may move.
        filter: makes safe commands from wanted actions.
        history: makes observations from frames.
        monitor: checks readings against limits.
        takeover: lets a person's hand take over; None: there is no hand.
        episode_steps: number of steps after which an episode is truncated.
    """

    def __init__(
        self,
        robot: Robot,
        description: RobotDescription,
        *,
        state: SafetyState | None = None,
        events: EventLog | None = None,
        tightening: Tightening | None = None,
        takeover: Takeover | None = None,
        words: Words | None = None,
    ) -> None:
        """Control `robot` as its description says.

        Args:
            robot: the robot.
            description: of the robot.
            state: whether the robot may move; shared with everything that may stop it.
            events: receives reports of limited commands.
            tightening: factors on the limits.
            takeover: lets a person's hand take over; None: there is no hand.
            words: of a person or another node; None: nobody may say anything.
        """
        self.spaces = Spaces(description)
        self.observation_space = Box(self.spaces.observation_low, self.spaces.observation_high)
        self.action_space = Box(-1.0, 1.0, (self.spaces.action_size,), np.float32)
        self._robot = robot
        self._events = events or EventLog()
        self.state = state or SafetyState(self._events)
        self.filter = SafetyFilter(
            description.command.low,
            description.command.high,
            description.rate_hz,
            description.safety,
            default=description.command.default,
            tightening=tightening,
        )
        self.takeover = takeover
        self.monitor = SafetyMonitor(robot, description, self.state)
        self._task, self._words = description.task.make(), words
        self.episode_steps = description.episode_steps
        self._steps = 0
        self._waiting_ends = threading.Event()
        self._is_first_check = True
        self._values: dict[str, NDArray[np.float64]] = {}
        self.history = self.spaces.history()
        self._observation, self._stamp_ns = np.zeros(self.spaces.observation_size, np.float32), 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Begin an episode, see `gymnasium.Env.reset`; wait while the robot is stopped.

        `info` has `stamp_ns`, and in `discarded` whether the last episode was discarded meanwhile.

        Raises:
            RobotError: the robot does not answer, or its values are not finite.
        """
        super().reset(seed=seed, options=options)
        self._steps = 0
        while (reading := self._try_reset()) is None:
            pass
        self.filter.reset(self.monitor.start(reading))
        if self.takeover is not None:
            self.takeover.begin()
        observation = self.history.begin(self._frame(reading))
        self._observation, self._stamp_ns = observation, reading.stamp_ns
        discarded = self._words is not None and self._words.begin_episode()
        return observation, {'stamp_ns': reading.stamp_ns, 'discarded': discarded}

    def step(self, action: Float32Array) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Execute an action for one control period, see `gymnasium.Env.step`.

        Args:
            action: wanted by the policy, (action,); `info` has the executed one. An action that
                is not finite is not sent and stops the robot, latched.

        Raises:
            PolicyError: the action has the wrong shape; nothing was sent.
            RobotError: the robot does not answer, or its values are not finite.
        """
        chosen_by = Intervention.NONE
        if self.takeover is not None and action.shape == self.action_space.shape:
            action, chosen_by = self.takeover.choose(action, self.filter.last_action)
        try:
            safe = self.filter.filter(action)
        except PolicyError as error:
            if action.shape != self.action_space.shape:
                raise
            self.monitor.stop_for_policy(str(error))
            return self._unobserved_step()
        for limit in safe.limited:
            self._events.note(f'limited/{limit}', partial(_describe_limit, limit, safe))
        reading = self._robot.apply(safe.command)
        self._steps += 1
        if not reading.is_fresh:
            return self._unobserved_step()
        return self._outcome(safe, chosen_by, reading)

    def hold(self) -> Float32Array:
        """Return the action that keeps the robot where it is, (action,), without a policy.

        Raises:
            RuntimeError: there is no hand, and so always a policy.
        """
        if self.takeover is None:
            raise RuntimeError('a step without a policy')
        return self.takeover.hold(self.filter.last_action())

    def wait_until_clear(self, timeout_s: float) -> bool:
        """Wait, on the control thread, until the robot may move; return False on timeout."""
        self.state.end(CONTROL_LOOP_STUCK)  # a control thread that gets here is not stuck
        return self.state.wait_until_clear(timeout_s)

    @property
    def is_paused(self) -> bool:
        """Whether only a word keeps the robot from moving."""
        return self._words is not None and self._words.is_paused

    def stop_waiting(self) -> None:
        """Make `reset` fail instead of waiting for a re-arm, from now on."""
        self._waiting_ends.set()

    def allow_waiting(self) -> None:
        """Undo `stop_waiting`."""
        self._waiting_ends.clear()

    def _try_reset(self) -> Reading | None:
        """Return the first reading of an episode; None if the robot was stopped meanwhile."""
        while not self.wait_until_clear(_POLL_PERIOD_S):
            if self._waiting_ends.is_set():
                raise RobotError(f'stopped while waiting for a re-arm: {self.state.summary}')
        self._is_first_check = True
        try:
            reading = self._robot.reset(self._check_during_reset)
        except StoppedError:
            if self._waiting_ends.is_set():
                raise
            return None
        except RobotError as error:
            if self._waiting_ends.is_set() or self.state.stop is None:
                raise
            # the stop may be why it failed, and a new process would not know of the stop
            self._events.note('reset_failed_under_a_stop', partial(str, error))
            return None
        self.monitor.check(reading)
        self.monitor.check_start(reading)
        return reading if self.state.stop is None else None

    def _check_during_reset(self, reading: Reading) -> None:
        """Check the limits before the robot is moved further.

        Raises:
            StoppedError: the robot is stopped, or exceeds a limit.
        """
        self.monitor.check(reading)
        if self._is_first_check:  # commands start at this pose
            self.monitor.check_start(reading)
            self._is_first_check = False
        if self.state.stop is not None:
            raise StoppedError(f'reset: stopped: {self.state.summary}')

    def _outcome(
        self, safe: SafeAction, chosen_by: Intervention, reading: Reading
    ) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Return the result of `step` for a fresh reading."""
        before, executed, command = self._values, safe.action, safe.command
        if reading.command is not None:
            command = reading.command
            executed = self.filter.action_of(command)
        observation = self.history.advance(executed, self._frame(reading))
        outcome = self._task.outcome(before, command, self._values)
        word = ''
        if self._words is not None:
            word, outcome = self._words.apply(outcome)
        self._observation, self._stamp_ns = observation, reading.stamp_ns
        self.monitor.check(reading)
        is_stopped = reading.command is not None or self.state.stop is not None
        truncated = is_stopped or outcome.truncated or self._steps >= self.episode_steps
        if reading.command is not None or (safe.changed and chosen_by is Intervention.NONE):
            chosen_by = Intervention.LIMIT
        info = {
            'executed_action': executed,
            'command': command,
            'intervention': chosen_by,
            'reward_parts': outcome.parts,
            'stamp_ns': reading.stamp_ns,
            'stop': self.state.summary if is_stopped else '',
            'word': word,
            'succeeded': outcome.succeeded,
            'observed': True,
        }
        return (
            observation,
            outcome.reward,
            outcome.terminated,
            truncated and not outcome.terminated,
            info,
        )

    def _unobserved_step(self) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Return the result of `step` if it is unknown what the robot did."""
        info = {
            'executed_action': np.zeros(self.spaces.action_size, np.float32),
            'command': np.zeros(self.spaces.action_size),
            'intervention': Intervention.LIMIT,
            'reward_parts': {},
            'stamp_ns': self._stamp_ns,
            'stop': self.state.summary,
            'word': '',
            'succeeded': None,
            'observed': False,
        }
        return self._observation.copy(), 0.0, False, True, info

    @property
    def task(self) -> Task:
        """The current task."""
        return self._task

    def change_task(self, parameters: Mapping[str, float]) -> None:
        """Change parameters of the task from the next step on; any thread may call this.

        Raises:
            ConfigurationError: the task refuses a value; nothing changed.
        """
        self._task = dataclasses.replace(self._task, **parameters)  # type: ignore[type-var]

    def _frame(self, reading: Reading) -> Float32Array:
        """Return the frame of a reading; store its values for the task."""
        values = self.spaces.values(reading.values)
        frame = self.spaces.frame(values)
        told = [values[name] for name in self.spaces.task_fields]
        if not (all_finite(frame) and all(map(all_finite, told))):
            for name, numbers in values.items():
                refuse_non_finite(name, numbers, numbers)
        self._values = values
        return frame


def _describe_limit(limit: str, safe: SafeAction) -> str:
    """Return what a limit did, for people."""
    what = {'box': 'the action box', 'slew': 'the slew limit'}[limit]
    return f'{what} changed a command; sent: {np.round(safe.command, 6).tolist()}'
