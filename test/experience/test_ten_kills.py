# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Bridge, learner and agent are killed in ten rounds, and the run still learns.

Runs with RL_TEST_KILLS=1 in the environment. Only the step in progress when an agent is killed may
be missing, because its outcome was not sensed.
"""

import os
from pathlib import Path
import random
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from fleet import kill_and_restart, Listener, running, settled_steps
import numpy as np
import pytest
from replay_count import replay_state_with
from rl_agent.bringup.node_specs import NodeSpec, simulated_agent, simulated_robot
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    EPISODE,
    LEARNER_STATUS,
    REPLAY_STATUS,
    STATUS_QOS,
)
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, ReplayStatus
from small_learner import small_learner_nodes

_VARIABLE = 'RL_TEST_KILLS'
pytestmark = [
    pytest.mark.skipif(
        _VARIABLE not in os.environ, reason=f'takes minutes: set {_VARIABLE}=1 to run it'
    ),
    pytest.mark.timeout(1800),
]

BRIDGE, LEARNER, AGENT = 'replay_bridge', 'learner', 'robot_1_agent'
ROUNDS = [
    (BRIDGE,),
    (LEARNER,),
    (AGENT,),
    (AGENT,),
    (AGENT,),
    (BRIDGE, AGENT),
    (LEARNER, AGENT),
    (BRIDGE, LEARNER),
    (BRIDGE, LEARNER, AGENT),
    (BRIDGE,),
]
# cheap, and enough for a pendulum
SMALL = 'batch_size: 128\nactor_hidden_sizes: [64, 64]\ncritic_hidden_sizes: [64, 64]\n'
ROUND_TIMEOUT_S = 240.0  # a loaded machine starts a learner slowly
LEARNED_RETURN, EPISODES = -300.0, 10  # exploration costs about 100; doing nothing gives -1200
LEARN_TIMEOUT_S = 1200.0
STATUS = f'/robot_1/{AGENT_STATUS}'
UP = {BRIDGE: REPLAY_STATUS, LEARNER: LEARNER_STATUS, AGENT: STATUS}


def test_nothing_is_lost_or_repeated_and_it_learns(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    seed = int(os.environ.get('RL_TEST_SEED', '5'))
    moments = random.Random(seed)
    rounds = moments.sample(ROUNDS, len(ROUNDS))
    port = free_port()
    specs = node_specs(tmp_path, port)
    listener = Listener(
        {
            REPLAY_STATUS: (ReplayStatus, STATUS_QOS),
            LEARNER_STATUS: (LearnerStatus, STATUS_QOS),
            STATUS: (AgentStatus, STATUS_QOS),
            f'/robot_1/{EPISODE}': (Episode, 100),
            '/diagnostics': (DiagnosticArray, 100),
        }
    )
    with running(specs, ros_environment, tmp_path) as processes:
        for number, names in enumerate(rounds, start=1):
            wait_until_at_work(listener, names, moments.randint(50, 300), f'round {number}')
            time.sleep(moments.uniform(0.0, 1.0))  # at a random moment
            dying = [spec for spec in specs if spec.name in names]
            kill_and_restart(processes, dying, ros_environment, tmp_path)
            print(f'round {number}: {names} killed', flush=True)
        listener.heard[f'/robot_1/{EPISODE}'].clear()
        listener.until(lambda: mean_return(listener) >= LEARNED_RETURN, LEARN_TIMEOUT_S, 'learned')
        processes[AGENT].ask_to_end()
        processes[AGENT].end(time.monotonic() + 15.0)
        executed = settled_steps(listener, 'robot_1')
        batches = list(read_journal(tmp_path / 'run' / EXPERIENCE))
        inserted = replay_state_with(port, sum(map(len, batches))).position
    listener.close()
    assert all(status.transitions_dropped == 0 for status in listener.heard[STATUS])
    sessions: dict[str, list[int]] = {}
    stamps: list[int] = []  # simulated time continues across agents, so stamps are unique
    for batch in batches:
        sessions.setdefault(batch.sender.session, []).extend(
            range(batch.first_sequence, batch.last_sequence + 1)
        )
        stamps += batch.columns['stamp'].tolist()
    for numbers in sessions.values():
        assert numbers == list(range(1, len(numbers) + 1))  # each once, none missing
    assert len(set(stamps)) == len(stamps) == inserted
    agents_killed = sum(AGENT in names for names in rounds)
    print(f'executed {executed}, journal {len(stamps)}, inserted {inserted}', flush=True)
    assert executed - 2 * agents_killed <= len(stamps) <= executed


def node_specs(folder: Path, port: int) -> list[NodeSpec]:
    """Return the specs of learner, bridge, robot and agent."""
    bridge, learner = small_learner_nodes(folder, port, algorithm=SMALL, checkpoint_period_s=5.0)
    agent: dict[str, Any] = {'spool_folder': str(folder / 'spool'), 'robot_timeout_s': 60.0}
    return [
        learner,
        bridge,
        simulated_robot('pendulum', 'robot_1', seed=1),
        simulated_agent('pendulum', 'robot_1', seed=1, max_steps_ahead=32, **agent),
    ]


def wait_until_at_work(listener: Listener, names: tuple[str, ...], more: int, what: str) -> None:
    """Wait until the processes to kill are up and more transitions are journaled."""
    before = {name: len(listener.heard[UP[name]]) for name in names}
    wanted = _journaled(listener) + more
    listener.until(
        lambda: (
            _journaled(listener) >= wanted
            and all(len(listener.heard[UP[name]]) > count for name, count in before.items())
        ),
        ROUND_TIMEOUT_S,
        f'{what}: {wanted} transitions journaled, {names} heard',
    )


def mean_return(listener: Listener) -> float:
    """Return the mean return of the newest exploring episodes; -inf if there are too few."""
    returns = [
        episode.episode_return
        for episode in listener.heard[f'/robot_1/{EPISODE}']
        if not episode.evaluation
    ]
    return float(np.mean(returns[-EPISODES:])) if len(returns) >= EPISODES else -np.inf


def _journaled(listener: Listener) -> int:
    """Return the newest count of journaled transitions."""
    heard = listener.heard[REPLAY_STATUS]
    return int(heard[-1].transitions_journaled) if heard else 0
