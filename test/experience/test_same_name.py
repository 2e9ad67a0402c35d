# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Acknowledgements that cannot be right, and two robots of one name, with agents as processes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fleet import Listener, running
import numpy as np
import pytest
from rl_agent.bringup.node_specs import simulated_agent, simulated_robot
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_agent.ros.ros_topics import (
    ACK_QOS,
    AGENT_STATUS,
    STATUS_QOS,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, TransitionAck, TransitionBatch

START_TIMEOUT_S = 120.0
SAME_NAME = 'same_robot_name'
TWINS = ('left', 'right')


def events(status: AgentStatus) -> dict[str, int]:
    """Return the counts of events in an agent's status."""
    return dict(zip(status.event_names, status.event_counts, strict=True))


def newest(listener: Listener, namespace: str) -> AgentStatus:
    """Return the newest status of an agent; an empty one before the first."""
    heard = listener.heard[f'/{namespace}/{AGENT_STATUS}']
    return heard[-1] if heard else AgentStatus()


def status_topics(*namespaces: str) -> dict[str, tuple[type, Any]]:
    """Return the status topics of agents."""
    return {f'/{name}/{AGENT_STATUS}': (AgentStatus, STATUS_QOS) for name in namespaces}


def write_policy(folder: Path) -> str:
    """Write a policy, because an agent without one does not move its robot."""
    spaces = Spaces(load_robot('pendulum'))
    shape = PolicyArchitecture(spaces.observation_size, spaces.action_size, (8,))
    numbers = np.zeros(shape.num_parameters, np.float32)
    path = folder / 'policy.npz'
    save_policy(path, PolicyParameters(shape, numbers, fingerprint=spaces.fingerprint))
    return str(path)


def repeat_until(
    listener: Listener, action: Callable[[], None], condition: Callable[[], bool], what: str
) -> None:
    """Do something every half second until a condition holds."""
    for _ in range(int(2 * START_TIMEOUT_S)):
        action()
        try:
            listener.until(condition, 0.5, what)
        except AssertionError:
            continue
        return
    raise AssertionError(what)


def test_forged_acknowledgements_drop_nothing_and_are_reported(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """Of the agent's own session above what was sent, and of a session that is not its own."""
    listener = Listener(
        {
            **status_topics('robot_1'),
            TRANSITIONS: (TransitionBatch, TRANSITIONS_QOS),
        }
    )
    acks = listener.node.create_publisher(TransitionAck, TRANSITIONS_ACK, ACK_QOS)
    specs = [
        simulated_robot('pendulum', 'robot_1', seed=1),
        simulated_agent(
            'pendulum',
            'robot_1',
            policy=write_policy(tmp_path),
            seed=1,
            max_steps=300,
            robot_timeout_s=60.0,
        ),
    ]
    forged = [1 << 63, (1 << 64) - 1, 301]
    with running(specs, ros_environment, tmp_path):
        listener.until(
            lambda: newest(listener, 'robot_1').transitions_pending == 300,
            START_TIMEOUT_S,
            'all steps in the spool',
        )
        session = newest(listener, 'robot_1').session
        advancing = iter(range(1, 10_000))

        def forge() -> None:
            for number in forged:
                acks.publish(TransitionAck(robot='robot_1', session=session, sequence=number))
            acks.publish(
                TransitionAck(robot='robot_1', session='foreign', sequence=next(advancing))
            )

        repeat_until(
            listener,
            forge,
            lambda: (
                {'acknowledgement_refused', SAME_NAME}
                <= events(newest(listener, 'robot_1')).keys()
            ),
            'both reports',
        )
        status = newest(listener, 'robot_1')
        assert (status.transitions_pending, status.transitions_dropped) == (300, 0)
        assert status.transitions_acknowledged == 0
        # a right one is obeyed as before
        sent = max(batch.first_sequence + batch.count - 1 for batch in listener.heard[TRANSITIONS])
        repeat_until(
            listener,
            lambda: acks.publish(TransitionAck(robot='robot_1', session=session, sequence=sent)),
            lambda: newest(listener, 'robot_1').transitions_acknowledged == sent,
            'the right acknowledgement',
        )
    log = (tmp_path / 'robot_1_agent.log').read_text()
    assert log.count('acknowledgement_refused:') == 1
    assert log.count(f'{SAME_NAME}:') == 1
    assert f'given number {1 << 63}; accepted: up to' in log
    listener.close()


@pytest.mark.timeout(400)
def test_two_robots_of_one_name_are_named_at_both_and_lose_nothing(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    bridge, _ = learner_nodes(
        'pendulum', 'default', free_port(), run_folder=str(tmp_path / 'run'), warmup=100_000
    )
    policy = write_policy(tmp_path)
    listener = Listener(status_topics(*TWINS))
    specs = [bridge]
    for seed, namespace in enumerate(TWINS):
        specs += [
            simulated_robot('pendulum', namespace, seed=seed),
            simulated_agent(
                'pendulum',
                namespace,
                robot_id='twin',
                policy=policy,
                seed=seed,
                max_steps=4000,
                max_steps_ahead=16,
                robot_timeout_s=60.0,
            ),
        ]
    with running(specs, ros_environment, tmp_path):
        listener.until(
            lambda: all(
                newest(listener, name).state.startswith('finished')
                and newest(listener, name).transitions_pending == 0
                for name in TWINS
            ),
            200.0,
            'all transitions acknowledged',
        )
        for name in TWINS:
            assert events(newest(listener, name))[SAME_NAME] > 0
            log = (tmp_path / f'{name}_agent.log').read_text()
            assert log.count(f"{SAME_NAME}: 'twin'") == 1
    log = (tmp_path / 'replay_bridge.log').read_text()
    assert log.count(f"{SAME_NAME}: 'twin'") == 1
    stored = [
        (batch.sender.session, number)
        for batch in read_journal(tmp_path / 'run' / EXPERIENCE)
        for number in range(batch.first_sequence, batch.last_sequence + 1)
    ]
    sessions = [newest(listener, name).session for name in TWINS]
    assert sorted(stored) == sorted(
        (session, number) for session in sessions for number in range(1, 4001)
    )
    listener.close()


def test_a_robot_that_is_started_again_has_one_name(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """It is killed twice, and sends first what its earlier sessions left."""
    bridge, _ = learner_nodes(
        'pendulum', 'default', free_port(), run_folder=str(tmp_path / 'run'), warmup=100_000
    )
    listener = Listener(status_topics('robot_1'))
    robot = simulated_robot('pendulum', 'robot_1', seed=1)
    options: dict[str, Any] = {
        'seed': 1,
        'spool_folder': str(tmp_path / 'spool'),
        'policy': write_policy(tmp_path),
    }
    agents = [
        simulated_agent('pendulum', 'robot_1', robot_timeout_s=60.0, max_steps=steps, **options)
        for steps in (0, 0, 400)
    ]
    with running([robot], ros_environment, tmp_path):
        for agent in agents[:2]:
            with running([agent], ros_environment, tmp_path) as processes:
                pending = newest(listener, 'robot_1').transitions_pending
                listener.until(
                    lambda pending=pending: (  # type: ignore[misc]
                        newest(listener, 'robot_1').transitions_pending > pending + 300
                    ),
                    START_TIMEOUT_S,
                    'transitions in the spool',
                )
                processes['robot_1_agent'].kill()
        with running([bridge, agents[2]], ros_environment, tmp_path):
            listener.until(
                lambda: (
                    newest(listener, 'robot_1').state.startswith('finished')
                    and newest(listener, 'robot_1').transitions_pending == 0
                ),
                START_TIMEOUT_S,
                'all acknowledged',
            )
            assert not events(newest(listener, 'robot_1')).keys() & {
                SAME_NAME,
                'acknowledgement_refused',
            }
    assert SAME_NAME not in (tmp_path / 'replay_bridge.log').read_text()
    sessions = {batch.sender.session for batch in read_journal(tmp_path / 'run' / EXPERIENCE)}
    assert len(sessions) == 3
    listener.close()
