# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The control benchmark compares the agent with a plain node by the same rule."""

import argparse
import importlib
import os
from pathlib import Path
import sys
from typing import Any

import numpy as np
import pytest
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.ros_policy_message import policy_to_message

BENCH = Path(__file__).resolve().parents[2] / 'bench'
sys.path.append(str(BENCH))  # last, because its programs have common names
comparison: Any = importlib.import_module('punctuality.comparison')
deviation: Any = importlib.import_module('punctuality.deviation')
peer: Any = importlib.import_module('workers.control_peer')

RATE_HZ, PERIOD_NS = 50, 20_000_000
START_NS = 1_700_000_000_000_000_000  # as of the system's clock
WINDOW_NS = (START_NS, START_NS + 100 * PERIOD_NS + 2_000_000)


def published(*late_us: float, delay_us: float = 5_500.0) -> list[int]:
    """Return when a hundred commands were published, the first few late by so much; NaN: not."""
    late = [*late_us, *[0.0] * (100 - len(late_us))]
    times = [
        START_NS + number * PERIOD_NS + 1e3 * (delay_us + late_us)
        for number, late_us in enumerate(late)
        if not np.isnan(late_us)
    ]
    return [round(time) for time in times]


def of(commands: list[int]) -> dict[str, float]:
    """Return the figures of commands."""
    result: dict[str, float] | None = deviation.figures(commands, WINDOW_NS, RATE_HZ)
    assert result is not None
    return result


@pytest.mark.parametrize('delay_us', [0.0, 300.0, 9_900.0, 10_100.0, 19_900.0])
def test_a_constant_delay_is_no_deviation(delay_us: float) -> None:
    result = of(published(delay_us=delay_us))
    assert [result[name] for name in ('p50_us', 'p99_us', 'p999_us')] == pytest.approx([0.0] * 3)
    assert result['missed_fraction'] == 0.0
    assert result['due'] in (99, 100)


def test_percentiles_by_hand() -> None:
    # 40 of a hundred commands 100 us early or late, one 2,000 us late: the median stays at 0
    result = of(published(2_000.0, *[100.0] * 20, *[-100.0] * 20))
    assert result['due'] == 100
    assert result['p50_us'] == pytest.approx(0.0, abs=0.1)
    # rank 0.99 x 99 = 98.01 lies 0.01 of the way from 100 to 2,000
    assert result['p99_us'] == pytest.approx(100.0 + 0.01 * 1_900.0, abs=0.2)
    assert result['missed_fraction'] == 0.0


def test_missed_ticks_count_as_late_by_whole_periods() -> None:
    times = np.array([0.0, 1_000.0, 4_000.0, 5_000.0, 6_000.0]) + 300.0
    late = deviation.lateness(times, 7_100.0, 1_000.0)
    assert late.tolist() == pytest.approx([0.0, 0.0, 2_000.0, 1_000.0, 0.0, 0.0, 0.0])
    assert of(published(np.nan))['missed_fraction'] == 0.01


def test_a_late_command_is_not_taken_for_the_next_one() -> None:
    times = np.array([0.0, 1_000.0, 2_600.0, 3_000.0, 4_000.0]) + 300.0
    late = deviation.lateness(times, 5_100.0, 1_000.0)
    assert late.tolist() == pytest.approx([0.0, 0.0, 600.0, 0.0, 0.0])


def test_a_node_that_hangs_is_late_until_the_end() -> None:
    times = np.array([0.0, 1_000.0, 2_000.0]) + 300.0
    late = deviation.lateness(times, 6_100.0, 1_000.0)
    assert late.tolist() == pytest.approx([0.0, 0.0, 0.0, 2_800.0, 1_800.0, 800.0])


def test_without_commands_there_are_no_figures() -> None:
    assert deviation.figures([], WINDOW_NS, RATE_HZ) is None


def test_the_phase_is_found_where_the_period_ends() -> None:
    times = np.arange(99.0) * 1_000.0 + np.tile([-20.0, 0.0, 20.0], 33)
    assert (deviation.phase(times, 1_000.0) + 500.0) % 1_000.0 == pytest.approx(500.0)


def test_the_plain_node_computes_what_the_agent_computes() -> None:
    architecture = PolicyArchitecture(46, 12, (256, 256))
    rng = np.random.default_rng(0)
    numbers = rng.normal(0.0, 0.1, architecture.num_parameters).astype(np.float32)
    policy = PolicyParameters(architecture, numbers)
    plain, ours = peer.PlainPolicy(policy_to_message(policy)), Policy(policy)
    observation = rng.normal(size=46).astype(np.float32)
    for given, wanted in zip(
        plain.distribution(observation), ours.distribution(observation), strict=True
    ):
        np.testing.assert_allclose(given, wanted, rtol=1e-4, atol=1e-5)


def test_a_turn_of_the_plain_node_is_measured(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    cpus: tuple[int, set[int] | None] = (-1, None)
    options = argparse.Namespace(cpus=cpus, priority=0, asleep=True, fleet=0, turn_seconds=1.0)
    environment = {**os.environ, **ros_environment, 'PYTHONPATH': str(BENCH)}
    robot = BENCH / 'control_robot.yaml'
    result: dict[str, Any] = comparison.turn(
        comparison.PLAIN_NODE, RATE_HZ, robot, options, environment
    )
    assert set(result) == set(comparison.CONDITIONS)
    for condition in comparison.CONDITIONS:
        assert result[condition]['due'] >= RATE_HZ - 2
        assert result[condition]['lost'] >= 0  # the middleware numbers them
        assert 0.0 < result[condition]['p50_us'] <= result[condition]['p99_us']
