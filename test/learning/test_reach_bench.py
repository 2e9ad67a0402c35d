# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The benchmark of arms that reach: what counts as success, and when a run is over."""

import json
import math
from pathlib import Path
import sys
from typing import Any

import numpy as np
import pytest
from rl_agent.description.robot import load_robot

BENCH = Path(__file__).resolve().parents[2] / 'bench'
sys.path.insert(0, str(BENCH))

import reach  # noqa: E402  (of bench/, which no package contains)
from workers.reach_curve import Curve, EPISODES, Evaluation  # noqa: E402

ROBOT = load_robot('arm')
HIGHEST = np.array([6.0, 3.0])


def go_to_target(observation: Any) -> Any:
    """Return the action of a PD controller with inverse kinematics; Craig, section 4.4."""
    cos, sin, velocity, target = (
        observation[:2],
        observation[2:4],
        observation[4:6],
        observation[8:],
    )
    angles = np.arctan2(sin, cos)
    distance = min(float(np.hypot(*target)), 0.999)
    elbow = math.acos(2.0 * distance**2 - 1.0)  # two links of 0.5 m
    wanted = np.array([math.atan2(target[1], target[0]) - elbow / 2.0, elbow])
    effort = 30.0 * (wanted - angles) - 2.0 * 10.0 * 0.1 * velocity
    return np.clip(effort / HIGHEST, -1.0, 1.0).astype(np.float32)


def test_an_arm_that_knows_how_succeeds_in_every_episode_and_one_that_rests_in_none() -> None:
    """So a success of 0.9 is possible: nothing but the policy stands in its way."""
    evaluation = Evaluation(ROBOT)
    found = evaluation.run(go_to_target)
    assert len(found) == EPISODES
    assert max(distance for _, distance in found) < 0.05
    resting = evaluation.run(lambda _: np.zeros(2, np.float32))
    assert min(distance for _, distance in resting) > 0.05
    assert evaluation.run(go_to_target) == found  # the same starts and targets every time


def add(curve: Curve, step: int, succeeded: int) -> None:
    """Add an evaluation in which so many of 20 episodes succeed."""
    episodes = [(-50.0, 0.01)] * succeeded + [(-90.0, 0.07)] * (20 - succeeded)
    curve.add(step, episodes, step - 1000, step / 100)


def test_a_run_ends_when_two_evaluations_in_a_row_succeed(tmp_path: Path) -> None:
    curve = Curve(tmp_path, 12_000)
    over = []
    for number, succeeded in enumerate((18, 17, 18, 18)):
        add(curve, 1000 * (number + 1), succeeded)
        over.append(curve.is_over)
    assert over == [False, False, False, True]
    row = curve.rows[1]
    assert (row['success'], row['near'], row['mean_return']) == (0.85, 1.0, -56.0)


def test_a_run_ends_after_its_steps_and_goes_on_where_it_was(tmp_path: Path) -> None:
    add(Curve(tmp_path, 12_000), 11_900, 3)
    later = Curve(tmp_path, 12_000)
    over = [later.is_over]
    assert not later.is_due(12_399)
    assert later.is_due(12_400)
    add(later, 12_400, 3)
    assert [*over, later.is_over] == [False, True]
    assert later.rows[1]['processor_s'] == 119.0 + 124.0
    assert json.loads((tmp_path / 'evaluations.json').read_text()) == later.rows


def test_the_summary_says_when_success_came_first() -> None:
    shared = {'program': 'arm', 'seed': '0', 'near': '1', 'processor_s': '9', 'wall_s': '8'}
    rows = [
        {**shared, 'step': '1000', 'success': '0.5', 'mean_return': '-80'},
        {**shared, 'step': '2000', 'success': '0.9', 'mean_return': '-45'},
        {**shared, 'step': '3000', 'success': '0.8', 'mean_return': '-47'},
    ]
    figures = reach.summarise(rows, 'arm')['0']
    assert (figures['reached']['step'], figures['last']['step']) == (2000, 3000)
    assert reach.summarise(rows[:1], 'arm')['0']['reached'] is None


def test_the_demo_of_a_run_has_no_target_and_the_presets_updates(tmp_path: Path) -> None:
    command = reach.demo_command('arm:drq_sac', 3, 12_000, tmp_path)
    demo = (tmp_path / 'demo.yaml').read_text()
    assert 'algorithm: drq_sac' in demo
    assert 'target_return' not in demo
    settings = json.loads((tmp_path / 'settings.json').read_text())
    assert settings == {'steps': 12_000, 'updates_to_data': 1.0, 'warmup': 500}
    assert command[command.index('--seed') + 1] == '3'
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'demo.json').write_text('{}')
    assert '--resume' in reach.demo_command('arm:drq_sac', 3, 12_000, tmp_path)


def test_the_peer_gets_a_task_that_it_accepts() -> None:
    checker = pytest.importorskip(
        'stable_baselines3.common.env_checker', reason='the peer is Stable-Baselines3'
    )
    from workers.reach_peer import ArmTask

    task = ArmTask(seed=0)
    checker.check_env(task, warn=True)
    observation, _ = task.reset()
    assert observation['image'].shape == (48, 48, 3)
    assert observation['image'].dtype == np.uint8
    assert np.ptp(observation['image']) > 100  # pixels, not packed numbers
