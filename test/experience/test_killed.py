# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Bridge and learner are killed while robots learn: nothing is lost or repeated."""

from dataclasses import dataclass
from pathlib import Path
import random
import time
from typing import Any

from fleet import all_acknowledged, kill_and_restart, Listener, running
import numpy as np
import pytest
from replay_count import replay_state_with
from rl_agent.bringup.node_specs import NodeSpec, simulated_agent, simulated_robot
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    LEARNER_STATUS,
    POLICY,
    POLICY_QOS,
    REPLAY_STATUS,
    STATUS_QOS,
    STEP,
)
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_reader import read_journal
from rl_learner.replay.state import ReplayState
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, LearnerStatus, Policy, ReplayStatus, Step
from small_learner import small_learner_nodes

STEPS = {'robot_1': 350, 'robot_2': 250}
TOTAL = sum(STEPS.values())
WARMUP = 100
# processes to kill, and after how many more transitions
KILLS = (
    (('replay_bridge',), 40),
    (('learner',), 60),
    (('replay_bridge',), 80),
    (('replay_bridge', 'learner'), 60),
    (('replay_bridge',), 60),
)
UP = {'replay_bridge': REPLAY_STATUS, 'learner': LEARNER_STATUS}
START_TIMEOUT_S = 120.0  # a loaded machine starts a learner slowly
Key = tuple[str, str, int]


@dataclass
class Run:
    """The results of a run.

    Attributes:
        heard: topic to messages.
        replay: state of Reverb after the last transition.
        batches: batches in the journal.
    """

    heard: dict[str, list[Any]]
    replay: ReplayState
    batches: list[TransitionBatch]


def node_specs(folder: Path, port: int) -> list[NodeSpec]:
    """Return the specs of learner, bridge, robots and agents."""
    bridge, learner = small_learner_nodes(folder, port, warmup=WARMUP, checkpoint_period_s=3.0)
    specs = [learner, bridge]
    for seed, (namespace, steps) in enumerate(STEPS.items()):
        specs += [
            simulated_robot('pendulum', namespace, seed=seed),
            simulated_agent(
                'pendulum',
                namespace,
                seed=seed,
                max_steps=steps,
                max_steps_ahead=32,
                robot_timeout_s=60.0,
            ),
        ]
    return specs


@pytest.fixture(scope='module')
def run(ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Train, kill and restart, until all transitions are stored and trained on."""
    folder: Path = tmp_path_factory.mktemp('killed')
    port = free_port()
    specs = node_specs(folder, port)
    topics: dict[str, tuple[type, Any]] = {
        REPLAY_STATUS: (ReplayStatus, STATUS_QOS),
        LEARNER_STATUS: (LearnerStatus, STATUS_QOS),
        POLICY: (Policy, POLICY_QOS),
    }
    for namespace in STEPS:
        topics[f'/{namespace}/{AGENT_STATUS}'] = (AgentStatus, STATUS_QOS)
        topics[f'/{namespace}/{STEP}'] = (Step, 1000)
    listener = Listener(topics)
    moments = random.Random(5)
    with running(specs, ros_environment, folder) as processes:
        wanted = 0
        for names, more in KILLS:
            wanted += more
            listener.until(
                lambda wanted=wanted: _journaled(listener) >= wanted,  # type: ignore[misc]
                START_TIMEOUT_S,
                f'{wanted} transitions journaled',
            )
            # the processes to kill have restarted, and the learner has trained
            marks = {topic: len(listener.heard[topic]) for topic in UP.values()}
            listener.until(
                lambda marks=marks, names=names: (
                    all(  # type: ignore[misc]
                        len(listener.heard[UP[name]]) > marks[UP[name]] for name in names
                    )
                    and ('learner' not in names or _has_trained(listener))
                ),
                START_TIMEOUT_S,
                f'{names} at work',
            )
            time.sleep(moments.uniform(0.0, 0.3))  # at a random moment
            kill_and_restart(
                processes,
                [spec for spec in specs if spec.name in names],
                ros_environment,
                folder,
            )
        listener.until(
            lambda: all_acknowledged(listener, STEPS), START_TIMEOUT_S, 'all acknowledged'
        )
        listener.until(lambda: _all_trained(listener), START_TIMEOUT_S, 'all trained on')
        replay = replay_state_with(port, TOTAL)
    listener.close()
    return Run(listener.heard, replay, list(read_journal(folder / 'run' / EXPERIENCE)))


def _journaled(listener: Listener) -> int:
    """Return the newest count of journaled transitions."""
    heard = listener.heard[REPLAY_STATUS]
    return int(heard[-1].transitions_journaled) if heard else 0


def _has_trained(listener: Listener) -> bool:
    """Return whether the newest learner has made updates since its start."""
    heard = listener.heard[LEARNER_STATUS]
    own = [status for status in heard if status.learner_session == heard[-1].learner_session]
    return bool(own) and own[-1].updates > own[0].updates


def _all_trained(listener: Listener) -> bool:
    """Return whether the newest learner has made the updates for all transitions."""
    status = listener.heard[LEARNER_STATUS][-1]
    starts = 1 + sum('learner' in names for names, _ in KILLS)
    return (
        len({item.learner_session for item in listener.heard[LEARNER_STATUS]}) == starts
        and status.learner_session in {policy.learner_session for policy in listener.heard[POLICY]}
        and status.replay_size == TOTAL
        and status.backlog == 0
        and status.updates >= TOTAL - WARMUP
    )


def _keys(run: Run) -> list[Key]:
    """Return robot, session and number of each journaled transition."""
    return [
        (batch.sender.robot, batch.sender.session, number)
        for batch in run.batches
        for number in range(batch.first_sequence, batch.last_sequence + 1)
    ]


@pytest.mark.timeout(900)
def test_executed_steps_are_journaled_once_and_in_order(run: Run) -> None:
    keys = _keys(run)
    assert len(set(keys)) == len(keys) == TOTAL
    for robot, steps in STEPS.items():
        status = run.heard[f'/{robot}/{AGENT_STATUS}'][-1]
        assert (status.steps, status.transitions_dropped) == (steps, 0)
        own = [(session, number) for name, session, number in keys if name == robot]
        assert own == [(status.session, number) for number in range(1, steps + 1)]


def test_journaled_transitions_match_the_executed_steps(run: Run) -> None:
    for robot in STEPS:
        steps = {(step.episode, step.step): step for step in run.heard[f'/{robot}/{STEP}']}
        compared = 0
        for batch in run.batches:
            columns = batch.columns
            for row in range(len(batch) if batch.sender.robot == robot else 0):
                step = steps.get((int(columns['episode'][row]), int(columns['step'][row])))
                if step is not None:  # the topic may miss some
                    np.testing.assert_array_equal(columns['observation'][row], step.observation)
                    np.testing.assert_array_equal(columns['action'][row], step.action_executed)
                    assert columns['reward'][row] == step.reward
                    compared += 1
        assert compared > STEPS[robot] // 2


def test_reverb_holds_each_transition_once(run: Run) -> None:
    assert (run.replay.size, run.replay.position) == (TOTAL, TOTAL)


def test_updates_equal_those_of_an_uninterrupted_run(run: Run) -> None:
    """One for each transition after warmup, none missing or repeated."""
    assert run.heard[LEARNER_STATUS][-1].updates == TOTAL - WARMUP
    assert run.heard[LEARNER_STATUS][-1].transitions_stored == TOTAL


def test_no_policy_version_is_repeated(run: Run) -> None:
    sessions: dict[str, list[int]] = {}
    for message in run.heard[POLICY]:
        sessions.setdefault(message.learner_session, []).append(message.version)
    assert len(sessions) == 3
    highest = 0
    for versions in sessions.values():
        assert min(versions) > highest
        highest = max(versions)
