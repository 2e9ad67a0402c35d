# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The discounted return that a robot really obtained, to hold against what critics predict."""

from collections.abc import Sequence

import numpy as np


def obtained_return(rewards: Sequence[float], gamma: float, *, terminated: bool) -> float:
    """Return the mean over an episode's steps of the discounted sum of the rewards to come.

    Where the episode was cut short (a time limit), the critics look beyond its end. The rewards
    there are unknown; the mean reward of the episode's last tenth stands in for them. The bonus
    for entropy, which critics of SAC include, is not in it.

    Args:
        rewards: of all steps of one episode, in order.
        gamma: discount of one step.
        terminated: the task really ended: nothing comes after.
    """
    values = np.asarray(rewards, np.float64)
    to_come = 0.0
    if not terminated:
        to_come = float(values[-max(1, len(values) // 10) :].mean()) / (1.0 - gamma)
    total = 0.0
    for reward in values[::-1]:
        to_come = float(reward) + gamma * to_come
        total += to_come
    return total / len(values)
