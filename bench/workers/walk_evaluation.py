# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Evaluate a walking policy in deterministic episodes on the simulated body, without ROS."""

from pathlib import Path
import time

import numpy as np
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_file import load_policy
from rl_agent.simulation.in_process_robot import InProcessRobot

EPISODES = 10
_FIRST_SEED = 1000  # the same initial states and bodies for every program


def evaluate(policy_file: Path, description: RobotDescription) -> list[float]:
    """Return each episode's return as a fraction of the highest possible, (episode,).

    The highest possible return is 1 per step of a complete episode; steps after a fall count as 0.
    """
    policy, rng = Policy(load_policy(policy_file)), np.random.default_rng(0)
    robot = InProcessRobot(description, seed=0)
    env = RobotEnv(robot, description)
    fractions = []
    for episode in range(EPISODES):
        robot.simulated.seed(_FIRST_SEED + episode)
        observation, _ = env.reset()
        policy.reset(rng)
        total, ended = 0.0, False
        while not ended:
            action = policy.act(observation, rng, deterministic=True)
            observation, reward, terminated, truncated, _ = env.step(action)
            total += float(reward)
            ended = terminated or truncated
        fractions.append(total / description.episode_steps)
    return fractions


def steps_per_s(description: RobotDescription, steps: int = 1000) -> float:
    """Return the control steps of the model alone per second of processor time."""
    robot = InProcessRobot(description, seed=0).simulated
    rng = np.random.default_rng(0)
    low, high = np.array(description.action.low), np.array(description.action.high)
    spent_s = 0.0
    for step in range(steps):
        if step % 100 == 0:
            robot.reset()
        started_s = time.process_time()
        robot.step(rng.uniform(low, high))
        spent_s += time.process_time() - started_s
    return steps / spent_s
