# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One run of SB3's SAC on an arm with a camera: a worker of `reach`."""

from pathlib import Path
import sys
import time
from typing import Any

import gymnasium
from gymnasium import spaces
import numpy as np
from rl_agent.description.image import unpack_pixels
from rl_agent.description.robot import load_robot
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.simulation.in_process_robot import InProcessRobot
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback
import torch

from workers.reach_curve import Curve, Evaluation

SETTINGS: dict[str, Any] = {'batch_size': 128, 'learning_starts': 1000}


class ArmTask(gymnasium.Env[dict[str, Any], Any]):
    """The arm with a camera as others' learners take it: a dictionary of image and numbers."""

    def __init__(self, seed: int) -> None:
        """Simulate it."""
        robot = load_robot('arm_camera')
        self._env = RobotEnv(InProcessRobot(robot, seed), robot)
        self._image = robot.images[0]
        numbers = self._env.spaces.vector_size
        self.action_space = self._env.action_space
        self.observation_space = spaces.Dict(
            {
                'image': spaces.Box(0, 255, self._image.shape, np.uint8),
                'numbers': spaces.Box(-10.0, 10.0, (numbers,), np.float32),
            }
        )

    def observation(self, vector: Any) -> dict[str, Any]:
        """Return an observation of `RobotEnv` as a dictionary."""
        numbers, packed = np.split(vector, [self._env.spaces.vector_size])
        pixels = unpack_pixels(packed, self._image.num_bytes)
        return {'image': pixels.reshape(self._image.shape), 'numbers': numbers}

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        """Begin an episode."""
        vector, info = self._env.reset()
        return self.observation(vector), info

    def step(self, action: Any) -> Any:
        """Do a step."""
        vector, reward, terminated, truncated, info = self._env.step(action)
        return self.observation(vector), reward, terminated, truncated, info


def learn_peer(seed: int, steps: int, folder: Path) -> None:
    """Do or continue a run of SB3's SAC; it saves itself with each evaluation."""
    torch.set_num_threads(1)
    task, curve = ArmTask(seed), Curve(folder, steps)
    evaluation = Evaluation(load_robot('arm_camera'))
    saved, began_s = folder / 'model.zip', time.process_time()
    judged_s = 0.0  # processor time of evaluations

    class Watch(BaseCallback):
        """Evaluates periodically."""

        def _on_step(self) -> bool:
            nonlocal judged_s
            if curve.is_due(self.num_timesteps):
                spent_s = time.process_time()
                episodes = evaluation.run(
                    lambda vector: self.model.predict(
                        task.observation(vector), deterministic=True
                    )[0]
                )
                curve.add(
                    self.num_timesteps,
                    episodes,
                    self.model._n_updates,
                    spent_s - began_s - judged_s,
                )
                judged_s += time.process_time() - spent_s
            return not curve.is_over

        def _on_rollout_start(self) -> None:
            if curve.rows and self.num_timesteps == curve.rows[-1]['step']:
                self.model.save(saved)
                model.save_replay_buffer(folder / 'replay.pkl')

    if saved.exists():
        model = SAC.load(saved, task, device='cpu')
        model.load_replay_buffer(folder / 'replay.pkl')
        model.set_random_seed(seed + model.num_timesteps)
    else:
        model = SAC(
            'MultiInputPolicy', task, seed=seed, device='cpu', buffer_size=steps, **SETTINGS
        )
    model.learn(steps - model.num_timesteps, Watch(), reset_num_timesteps=not saved.exists())


if __name__ == '__main__':
    learn_peer(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
