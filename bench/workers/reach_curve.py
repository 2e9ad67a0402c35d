# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Evaluations of a policy that moves an arm: a part of `reach`."""

from collections.abc import Callable, Sequence
import json
from pathlib import Path
import statistics
import time
from typing import Any

import numpy as np
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.simulation.in_process_robot import InProcessRobot

SUCCESS_M, NEAR_M, SUCCESS_RATE = 0.05, 0.1, 0.9
EPISODES, FIRST_SEED = 20, 1000  # the same starts and targets for every program
EVALUATE_EVERY = 500  # steps, at least
Row = dict[str, Any]
Act = Callable[[Any], Any]


class Curve:
    """The evaluations of a run, kept in its folder."""

    def __init__(self, folder: Path, steps: int) -> None:
        """Continue after the stored evaluations of a run of so many steps."""
        self._file, self._steps = folder / 'evaluations.json', steps
        self.rows: list[Row] = []
        if self._file.exists():
            self.rows = json.loads(self._file.read_text())
        last = self.rows[-1] if self.rows else {'wall_s': 0.0, 'processor_s': 0.0}
        self._began_s, self._spent_s = time.monotonic() - last['wall_s'], last['processor_s']

    @property
    def is_over(self) -> bool:
        """Whether the steps are used, or two evaluations in a row are successful."""
        last = [row['success'] >= SUCCESS_RATE for row in self.rows[-2:]]
        return last == [True, True] or bool(self.rows and self.rows[-1]['step'] >= self._steps)

    def is_due(self, step: int) -> bool:
        """Return whether a policy of this step is evaluated."""
        return step >= (self.rows[-1]['step'] if self.rows else 0) + EVALUATE_EVERY

    def add(
        self, step: int, episodes: Sequence[tuple[float, float]], updates: int, spent_s: float
    ) -> None:
        """Add an evaluation and store it.

        Args:
            step: of the robot.
            episodes: return and last distance, m, of each episode.
            updates: of the policy.
            spent_s: processor time since this start of the run.
        """
        returns, distances = zip(*episodes, strict=True)
        row = {
            'step': step,
            'success': sum(distance < SUCCESS_M for distance in distances) / len(episodes),
            'near': sum(distance < NEAR_M for distance in distances) / len(episodes),
            'mean_return': round(statistics.fmean(returns), 2),
            'updates': updates,
            'processor_s': round(self._spent_s + spent_s, 1),
            'wall_s': round(time.monotonic() - self._began_s, 1),
        }
        self.rows.append(row)
        self._file.write_text(json.dumps(self.rows))


class Evaluation:
    """Deterministic episodes of a simulated arm in this process."""

    def __init__(self, robot: RobotDescription) -> None:
        """Simulate the arm."""
        self._robot = InProcessRobot(robot, seed=0)
        self._env = RobotEnv(self._robot, robot)

    def run(self, act: Act) -> list[tuple[float, float]]:
        """Return the return and the last distance, m, of each episode."""
        found = []
        for episode in range(EPISODES):
            self._robot.simulated.seed(FIRST_SEED + episode)
            observation, _ = self._env.reset()
            total, ended = 0.0, False
            while not ended:
                observation, reward, terminated, truncated, _ = self._env.step(act(observation))
                total, ended = total + reward, terminated or truncated
            arm: Any = self._robot.simulated.model
            found.append((total, float(np.linalg.norm(arm.hand - arm.target))))
        return found
