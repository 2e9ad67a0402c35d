# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Returns are told and summed up."""

from typing import Any

from rl_agent.array_types import Float32Array
from rl_agent.control.agent import EpisodeResult
from rl_agent.control.episode_summary import EpisodeSummary
from rl_agent.transport.transition import Transition


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.results: list[EpisodeResult] = []

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Pass over steps."""

    def on_episode(self, result: EpisodeResult) -> None:
        """Note an episode."""
        self.results.append(result)


def ended(number: int, value: float, *, stopped: bool = False) -> EpisodeResult:
    """Return an episode of 10 steps."""
    return EpisodeResult(number, 10, value, True, 7, False, True, stopped)


def test_whole_episodes_are_summed_up() -> None:
    listener, lines = Listener(), list[str]()
    tally = EpisodeSummary(listener, lines.append)
    assert tally.summary() == 'no episode ended'
    tally.on_episode(ended(1, -1.0))
    assert (
        tally.summary() == '1 episode: mean return -1.00, deviation unknown, from -1.00 to -1.00'
    )
    tally.on_episode(ended(2, -3.0))
    tally.on_episode(ended(3, -99.0, stopped=True))
    # by hand: the mean of -1 and -3 is -2, their sample deviation the square root of 2
    assert tally.summary() == (
        '2 episodes: mean return -2.00, deviation 1.41, from -3.00 to -1.00'
    )
    assert lines[1] == (
        'episode 2: return -3.00, 10 steps, time limit, deterministic, policy version 7'
    )
    assert 'stopped' in lines[2]
    assert [item.episode for item in listener.results] == [1, 2, 3]
