# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The rehearsal of what the agent does between two commands, see `RehearsalSchedule`."""

import copy

import numpy as np
from rl_agent.array_checks import all_finite
from rl_agent.control.agent import Agent
from rl_agent.environment.robot import Reading
from rl_agent.environment.robot_env import RobotEnv


class DecisionRehearsal:
    """Walks from a reading to a command as the next step will, without effect.

    It owns copies of all that a step changes: safety filter, observation history and random
    generator. Only the policy is the real one, because its weights are to be in the cache.
    """

    def __init__(self, env: RobotEnv, agent: Agent) -> None:
        """Copy what a step of this agent in this environment changes."""
        self._env, self._agent = env, agent
        self._filter, self._history = copy.deepcopy((env.filter, env.history))
        self._rng = np.random.default_rng(0)

    def walk(self, reading: Reading) -> None:
        """Act, filter, observe, reward and check limits, in the order of a step."""
        following, observation = self._agent.following_policy, self._agent.observation
        if following is None or observation is None:
            return
        safe = self._filter.filter(following.policy.rehearse(observation, self._rng))
        spaces = self._env.spaces
        values = spaces.values(reading.values)
        frame = spaces.frame(values)
        if all_finite(frame):
            self._history.advance(safe.action, frame)
            self._env.task.outcome(values, safe.command, values)
            self._env.monitor.find_trip(reading)
