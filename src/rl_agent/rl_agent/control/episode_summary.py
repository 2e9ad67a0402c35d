# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An AgentListener that tells the return of each episode, and at last what they come to."""

from collections.abc import Callable
from typing import Any

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.control.agent import AgentListener, EpisodeResult
from rl_agent.transport.transition import Transition


class EpisodeSummary:
    """Hands everything on to another listener and counts the episodes.

    Attributes:
        returns: of the whole episodes; one that was cut off or broke off is not among them.
    """

    def __init__(self, listener: AgentListener, tell: Callable[[str], None]) -> None:
        """Begin with no episode; `tell` gets each line."""
        self._listener, self._tell = listener, tell
        self.returns: list[float] = []

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Hand a step on, see `AgentListener`."""
        self._listener.on_step(transition, wanted, info)

    def on_episode(self, result: EpisodeResult) -> None:
        """Count an episode and hand it on, see `AgentListener`."""
        if not result.stopped:
            self.returns.append(result.episode_return)
        end = 'stopped' if result.stopped else 'time limit'
        self._tell(
            f'episode {result.episode}: return {result.episode_return:.2f}, {result.steps} steps,'
            f' {"terminated" if result.terminated else end},'
            f' {"deterministic" if result.evaluation else "exploring"}, policy version'
            f' {result.policy_version}'
        )
        self._listener.on_episode(result)

    def summary(self) -> str:
        """Return mean, sample deviation and range of the returns."""
        returns, count = np.array(self.returns), len(self.returns)
        if count == 0:
            return 'no episode ended'
        deviation = f'{returns.std(ddof=1):.2f}' if count > 1 else 'unknown'
        return (
            f'{count} episode{"s" * (count > 1)}: mean return {returns.mean():.2f}, deviation'
            f' {deviation}, from {returns.min():.2f} to {returns.max():.2f}'
        )
