# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An agent is killed repeatedly, with a real learner: every finished step arrives once.

Only the step in progress at a kill may be missing, because its outcome was not sensed. Runs with
RL_TEST_KILLS=1 in the environment.
"""

import os
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from fleet import Listener, running, settled_steps
import numpy as np
import pytest
from replay_count import replay_state_with
from rl_agent.bringup.node_specs import simulated_agent, simulated_robot
from rl_agent.ros.ros_messages import stamp_to_ns
from rl_agent.ros.ros_topics import AGENT_STATUS, STATUS_QOS, STEP
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, Step

_VARIABLE = 'RL_TEST_KILLS'
pytestmark = pytest.mark.skipif(
    _VARIABLE not in os.environ, reason=f'starts many processes: set {_VARIABLE}=1 to run it'
)

KILLS = 2  # before the bridge starts, and as many after
LAST_STEPS = 200


@pytest.mark.timeout(300)
def test_every_finished_step_arrives_once(ros_environment: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    bridge, learner = learner_nodes(
        'pendulum', 'default', port, run_folder=str(tmp_path / 'run'), warmup=100_000, threads=1
    )
    robot = simulated_robot('pendulum', 'robot_1', seed=1)
    options: dict[str, Any] = {'seed': 1, 'spool_folder': str(tmp_path / 'spool')}
    killed = simulated_agent('pendulum', 'robot_1', robot_timeout_s=60.0, **options)
    last = simulated_agent(
        'pendulum', 'robot_1', robot_timeout_s=60.0, max_steps=LAST_STEPS, **options
    )
    status_topic, step_topic = f'/robot_1/{AGENT_STATUS}', f'/robot_1/{STEP}'
    listener = Listener(
        {
            status_topic: (AgentStatus, STATUS_QOS),
            step_topic: (Step, 10_000),
            '/diagnostics': (DiagnosticArray, 10),
        }
    )
    statuses = listener.heard[status_topic]
    random = np.random.default_rng(5)
    with running([learner, robot], ros_environment, tmp_path):
        for _ in range(KILLS):  # without a bridge nothing can be acknowledged
            _run_and_kill(killed, int(random.integers(20, 200)), listener, ros_environment)
        with running([bridge], ros_environment, tmp_path):
            for _ in range(KILLS):
                _run_and_kill(killed, int(random.integers(20, 200)), listener, ros_environment)
            with running([last], ros_environment, tmp_path):
                listener.until(
                    lambda: (
                        statuses[-1].state.startswith('finished')
                        and statuses[-1].transitions_pending == 0
                    ),
                    60.0,
                    'everything acknowledged',
                )
            executed = settled_steps(listener, 'robot_1')
            batches = list(read_journal(tmp_path / 'run' / EXPERIENCE))
            inserted = replay_state_with(port, sum(map(len, batches))).position
    assert statuses[-1].transitions_dropped == 0
    assert executed > LAST_STEPS + 2 * KILLS * 20
    stored = [
        (batch.sender.session, number, int(stamp_ns))
        for batch in batches
        for number, stamp_ns in enumerate(batch.columns['stamp'], start=batch.first_sequence)
    ]
    # each once, none missing; simulated time continues across agents, so stamps are unique
    assert inserted == len(stored) == len({(session, number) for session, number, _ in stored})
    stamps_ns = [stamp_ns for *_, stamp_ns in stored]
    assert len(set(stamps_ns)) == len(stamps_ns)
    for session in {session for session, *_ in stored}:
        numbers = [number for of, number, _ in stored if of == session]
        assert numbers == list(range(1, len(numbers) + 1))
    finished = {stamp_to_ns(step.header.stamp) for step in listener.heard[step_topic]}
    assert finished <= set(stamps_ns)
    # the step in progress at each kill is missing; a command may have been sent again
    assert executed - 4 * KILLS <= inserted <= executed
    listener.close()


def _run_and_kill(spec: Any, count: int, listener: Listener, environment: dict[str, str]) -> None:
    """Start an agent and kill it after it has taken some steps."""
    steps = listener.heard[f'/robot_1/{STEP}']
    before = len(steps)
    folder = Path(environment['ROS_LOG_DIR'])
    with running([spec], environment, folder) as processes:
        listener.until(lambda: len(steps) - before >= count, 60.0, f'{count} steps')
        next(iter(processes.values())).kill()
