# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A rehearsal does the work of a step; `test_agent` shows that it has no effect on steps."""

from agent_bench import Bench
import numpy as np
import pytest
from rl_agent.description.safety import LimitDescription, SafetyDescription
from rl_agent.environment.robot import Reading
from rl_agent.environment.safety_monitor import SafetyMonitor
from rl_agent.policy.policy import Policy
from rl_agent.safety.limits import Trip


def test_before_the_first_step_there_is_nothing_to_rehearse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(Policy, 'rehearse')
    bench = Bench()
    bench.rehearsal.walk(bench.robot.read())


def test_a_reading_beyond_a_limit_is_found_but_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    safety = SafetyDescription(limits=(LimitDescription('too_fast', 'velocity', high=(100.0,)),))
    bench = Bench(safety=safety, episode_steps=5, max_steps=5)
    found: list[Trip | None] = []
    find_trip = SafetyMonitor.find_trip

    def note(monitor: SafetyMonitor, reading: Reading) -> Trip | None:
        found.append(find_trip(monitor, reading))
        return found[-1]

    def rehearse() -> None:
        values = {**bench.robot.read().values, 'velocity': np.array([101.0])}
        with monkeypatch.context() as patch:
            patch.setattr(SafetyMonitor, 'find_trip', note)
            bench.rehearsal.walk(Reading(values, 0))

    bench.after_step[2] = rehearse
    assert len(bench.run()) == 5  # a stop would have ended the episode
    assert [trip and trip.name for trip in found] == ['too_fast']
