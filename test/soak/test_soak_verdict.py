# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The verdict of a soak finds what it looks for; the soak itself is `make soak`."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from soak_experience import (
    numbering_faults,
    Session,
    STEP,
    step_faults,
    Stored,
    Told,
    told_faults,
)
from soak_faults import BRIDGE, LEARNER, schedule
from soak_memory import growths, Sample
from soak_report import slopes, write_files
from soak_training import Progress, training_faults
from soak_watch import Files

ROBOTS = [f'robot_{number}' for number in range(1, 9)]
OWN: Session = ('robot_1', '0123456789')


def life(
    anon_mb: Callable[[float], float],
    minutes: int = 60,
    descriptors: Callable[[float], int] = lambda at_s: 30,
) -> list[Sample]:
    """Return a life, sampled every 10 s, with 0.2 MB of noise."""
    noise = np.random.default_rng(3).normal(0.0, 0.2, 6 * minutes)
    return [
        Sample(
            10.0 * index,
            'agent',
            1,
            90.0,
            anon_mb(10.0 * index) + error,
            1.0,
            descriptors(10.0 * index),
            12,
        )
        for index, error in enumerate(noise)
    ]


def memory_faults(samples: list[Sample]) -> list[str]:
    """Return the faults of a life."""
    return [item.fault for item in growths(samples) if item.fault]


def test_a_leak_of_a_megabyte_per_minute_is_found() -> None:
    leaking = life(lambda at_s: 60.0 + at_s / 60)
    faults = memory_faults(leaking)
    assert len(faults) == 1
    assert faults[0].startswith('agent, life 1: anon_mb grows by ')
    slopes = {item.value: item.slope_per_h for item in growths(leaking)}
    assert slopes['anon_mb'] == pytest.approx(60.0, rel=0.01)
    assert slopes['shmem_mb'] == 0.0


def test_a_leak_of_five_megabytes_per_hour_is_found() -> None:
    assert len(memory_faults(life(lambda at_s: 60.0 + 5.0 * at_s / 3600, minutes=90))) == 1


@pytest.mark.parametrize(
    'anon_mb',
    [
        lambda at_s: 60.0,
        lambda at_s: 60.0 + min(40.0, at_s / 10),  # fills within the warm-up
        lambda at_s: 60.0 + (at_s % 600) / 60,  # rises and falls
        lambda at_s: 60.0 + 0.8 * (at_s > 2500),  # one small step
    ],
    ids=['flat', 'warm-up', 'saw', 'step'],
)
def test_memory_that_does_not_leak_is_none(anon_mb: Callable[[float], float]) -> None:
    assert memory_faults(life(anon_mb)) == []


def test_a_life_that_is_too_short_is_not_judged() -> None:
    assert growths(life(lambda at_s: 60.0 + at_s, minutes=15)) == []


def test_growing_descriptors_are_found() -> None:
    faults = memory_faults(life(lambda at_s: 60.0, descriptors=lambda at_s: 30 + int(at_s / 360)))
    assert faults == ['agent, life 1: descriptors grew by 4 late in 48 min']


def test_numbers_once_each_in_any_order_are_right() -> None:
    assert numbering_faults({OWN: [(1, 3), (6, 9), (4, 5)]}) == []


@pytest.mark.parametrize(
    ('ranges', 'fault'),
    [
        ([(1, 3), (5, 6)], '4 to 4 are lost'),
        ([(2, 3)], '1 to 1 are lost'),
        ([(1, 3), (3, 6)], '3 to 3 are there twice'),
        ([(1, 9), (2, 4)], '2 to 4 are there twice'),
    ],
)
def test_a_gap_and_a_duplicate_are_found(ranges: list[tuple[int, int]], fault: str) -> None:
    assert numbering_faults({OWN: ranges}) == [f'robot_1, session 01234567: {fault}']


@pytest.mark.parametrize(
    ('told', 'is_right'),
    [
        (Told(steps=6, ended=True), True),
        (Told(steps=5, ended=True), False),
        (Told(steps=7, ended=True), False),
        (Told(steps=4), True),  # it was killed two steps later
        (Told(steps=7), True),  # it was killed before it kept the last one
        (Told(steps=8), False),
        (Told(steps=6, dropped=1), False),
    ],
)
def test_what_an_agent_said_is_compared_with_what_is_stored(told: Told, is_right: bool) -> None:
    stored = Stored(6, {OWN: [(1, 4), (5, 6)]}, {})
    assert (told_faults({OWN: told}, stored) == []) == is_right


def test_a_session_of_which_nothing_is_stored_is_found() -> None:
    assert len(told_faults({OWN: Told(steps=9)}, Stored())) == 1


def steps(*numbers: int) -> 'NDArray[Any]':
    """Return steps of episode 1."""
    return np.array([(10 * number, 1, number) for number in numbers], STEP)


def test_lost_and_repeated_steps_are_found_under_any_number() -> None:
    assert step_faults({'robot_1': steps(1, 3)}, {'robot_1': steps(1, 2, 3)}) == []
    assert step_faults({'robot_1': steps(1, 4)}, {'robot_1': steps(1, 2, 2, 3)}) == [
        'robot_1: 1 executed steps are lost: episode 1 step 4',
        'robot_1: 1 steps are there twice: episode 1 step 2',
    ]
    assert len(step_faults({'robot_1': steps(1)}, {})) == 1


def progress(*rows: tuple[float, str, int, int]) -> list[Progress]:
    """Return statuses of learners without a backlog."""
    return [Progress(*row, 0) for row in rows]


def test_a_learner_continues_from_its_checkpoint() -> None:
    heard = progress((10, 'a', 100, 5), (60, 'a', 600, 30), (90, 'b', 350, 0), (120, 'b', 900, 40))
    assert training_faults(heard) == []


@pytest.mark.parametrize(
    'heard',
    [
        [],
        progress((10, 'a', 100, 5), (60, 'a', 600, 30), (90, 'b', 0, 31), (120, 'b', 900, 40)),
        progress((10, 'a', 100, 5), (60, 'a', 600, 30), (90, 'b', 350, 20), (120, 'b', 900, 40)),
        progress((10, 'a', 100, 5), (60, 'a', 600, 30), (90, 'b', 350, 31)),
        progress((10, 'a', 100, 5), (60, 'a', 90, 6), (70, 'a', 110, 7)),
    ],
    ids=['nothing', 'from nothing', 'version repeats', 'no further', 'back'],
)
def test_training_that_does_not_go_on_is_found(heard: list[Progress]) -> None:
    assert training_faults(heard)


def test_a_schedule_repeats_with_its_seed_and_has_everything() -> None:
    faults = schedule(4, 7200.0, ROBOTS)
    assert faults == schedule(4, 7200.0, ROBOTS) != schedule(5, 7200.0, ROBOTS)
    happened = {(fault.kind, name) for fault in faults for name in fault.names}
    for kind in ('kill', 'pause', 'end'):
        assert {(kind, name) for name in (BRIDGE, LEARNER, 'robot_8_agent')} <= happened
    assert any(len(fault.names) == 2 for fault in faults)


def test_a_quarter_of_the_robots_grows_old() -> None:
    for fault in schedule(4, 7200.0, ROBOTS):
        spared = [name for name in fault.names if name.startswith(('robot_1_', 'robot_2_'))]
        assert fault.kind == 'pause' or not spared


def test_the_files_have_every_sample(tmp_path: Path) -> None:
    samples = life(lambda at_s: 60.0)
    files = [Files(10.0, 1, 0.5, 4.0, 0.1, 2.0, 0.9), Files(20.0, 0, 0.0, 4.0, 0.1, 2.0, 0.9)]
    growth = slopes(growths(samples))
    write_files(tmp_path, {'growth': growth, 'failed': []}, samples, files)
    assert len((tmp_path / 'processes.csv').read_text().splitlines()) == 1 + len(samples)
    assert len((tmp_path / 'files.csv').read_text().splitlines()) == 3
    assert (tmp_path / 'memory.png').stat().st_size > 10_000
    written = json.loads((tmp_path / 'soak.json').read_text())['growth']
    assert written['agent']['lives_judged'] == 1
    assert written['agent']['median_mb_per_h'] == pytest.approx(0.0, abs=0.2)
    assert written['learner'] == {'lives_judged': 0}
