# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot as a gymnasium.Env: observations, rewards and episodes by its description."""

from collections.abc import Mapping
import dataclasses
from typing import Any

import gymnasium
from gymnasium.spaces import Box
import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import RobotError
from rl_agent.robot import Reading, Robot
from rl_agent.robot_description import RobotDescription
from rl_agent.safety import SafetyFilter
from rl_agent.spaces import Spaces
from rl_agent.tasks.task import Task

Vector = NDArray[np.float32]


class RobotEnv(gymnasium.Env[Vector, Vector]):
    """A described robot behind Gymnasium's interface.

    Actions are in [-1, 1]; the description maps them to the robot's units. `step` returns what
    the robot executed in `info`:

    | key                | content                                               |
    |--------------------|-------------------------------------------------------|
    | `executed_action`  | after safety, in [-1, 1], (action,) float32           |
    | `command`          | the same in the robot's units, (action,) float64      |
    | `intervention`     | whether safety changed the action                     |
    | `reward_parts`     | name to part of the reward                            |
    | `stamp_ns`         | when the observation was sensed, by the robot's clock |
    """

    def __init__(self, robot: Robot, description: RobotDescription) -> None:
        """Drive `robot` as its description says."""
        self.spaces = Spaces(description)
        self.observation_space = Box(self.spaces.observation_low, self.spaces.observation_high)
        self.action_space = Box(-1.0, 1.0, (self.spaces.action_size,), np.float32)
        self._robot = robot
        self._safety = SafetyFilter(self.spaces.action_size)
        self._task = description.task.make()
        self._episode_steps = description.episode_steps
        self._steps = 0
        self._values: dict[str, NDArray[np.float64]] = {}
        self._history = self.spaces.history()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Vector, dict[str, Any]]:
        """Begin an episode, see `gymnasium.Env.reset`.

        Raises:
            RobotError: the robot does not answer, or not with finite numbers.
        """
        super().reset(seed=seed, options=options)
        self._steps = 0
        reading = self._robot.reset()
        return self._history.begin(self._frame(reading)), {'stamp_ns': reading.stamp_ns}

    def step(self, action: Vector) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        """Execute an action for one control period, see `gymnasium.Env.step`.

        Args:
            action: wanted, (action,); what was executed is in `info`.

        Raises:
            PolicyError: the action is not finite; nothing was sent.
            RobotError: the robot does not answer, or not with finite numbers.
        """
        safe = self._safety.filter(action)
        command = self.spaces.command(safe.action)
        before = self._values
        reading = self._robot.apply(command)
        observation = self._history.advance(safe.action, self._frame(reading))
        outcome = self._task.outcome(before, command, self._values)
        self._steps += 1
        info = {
            'executed_action': safe.action,
            'command': command,
            'intervention': safe.changed,
            'reward_parts': outcome.parts,
            'stamp_ns': reading.stamp_ns,
        }
        truncated = self._steps >= self._episode_steps and not outcome.terminated
        return observation, outcome.reward, outcome.terminated, truncated, info

    @property
    def task(self) -> Task:
        """The task in force."""
        return self._task

    def change_task(self, parameters: Mapping[str, float]) -> None:
        """Change parameters of the task, from the next step on; any thread may call this.

        Raises:
            ConfigurationError: a value that the task refuses; nothing changed.
        """
        self._task = dataclasses.replace(self._task, **parameters)  # type: ignore[type-var]

    def _frame(self, reading: Reading) -> Vector:
        """Return the frame of a reading; remember its values for the task."""
        values = self.spaces.values(reading.values)
        for name, numbers in values.items():
            if not np.isfinite(numbers).all():
                raise RobotError(
                    f'observation field {name!r}: given {numbers.tolist()};'
                    ' accepted: finite numbers'
                )
        self._values = values
        return self.spaces.frame(values)
