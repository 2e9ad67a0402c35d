# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A learner of two ranks, in a run where each rank is killed in turn: the run goes on.

Asked for in public: after one process has died, the others hang for ever (pytorch/pytorch#76287,
pytorch/elastic#134), or abort with an exception that names nobody (horovod/horovod#2907).
"""

from pathlib import Path
from typing import Any

from fleet import all_acknowledged, Listener, running
import psutil
import pytest
from replay_count import replay_state_with
from rl_agent.bringup.node_specs import NodeSpec, simulated_agent, simulated_robot
from rl_agent.ros.ros_topics import AGENT_STATUS, LEARNER_STATUS, POLICY, POLICY_QOS, STATUS_QOS
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_learner.system.processes import ChildProcess
from rl_msgs.msg import AgentStatus, LearnerStatus, Policy
from small_learner import small_learner_nodes

STEPS, WARMUP, RANKS = 600, 100, 2
START_TIMEOUT_S = 120.0


def node_specs(folder: Path, port: int) -> list[NodeSpec]:
    """Return learner, bridge, robot and agent."""
    bridge, learner = small_learner_nodes(
        folder, port, devices=RANKS, device='cpu', warmup=WARMUP, checkpoint_period_s=2.0
    )
    return [
        learner,
        bridge,
        simulated_robot('pendulum', 'robot_1', seed=0),
        simulated_agent(
            'pendulum',
            'robot_1',
            seed=0,
            max_steps=STEPS,
            max_steps_ahead=32,
            robot_timeout_s=START_TIMEOUT_S,
        ),
    ]


def ranks_of(learner: ChildProcess) -> dict[int, psutil.Process]:
    """Return the ranks that a learner has started."""
    ranks = psutil.Process(learner.pid).children()
    return {int(rank.environ()['RANK']): rank for rank in ranks}


def updates(listener: Listener) -> int:
    """Return the newest count of updates."""
    heard: list[Any] = listener.heard[LEARNER_STATUS]
    return int(heard[-1].updates) if heard else 0


@pytest.mark.timeout(600)
def test_a_run_goes_on_after_each_rank_was_killed(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    specs = node_specs(tmp_path, port)
    topics: dict[str, tuple[type, Any]] = {
        LEARNER_STATUS: (LearnerStatus, STATUS_QOS),
        POLICY: (Policy, POLICY_QOS),
        f'/robot_1/{AGENT_STATUS}': (AgentStatus, STATUS_QOS),
    }
    listener = Listener(topics)
    sessions = listener.heard[LEARNER_STATUS]
    with running(specs, ros_environment, tmp_path) as processes:
        for killed, wanted in ((1, 100), (0, 250)):
            listener.until(
                lambda wanted=wanted: updates(listener) >= wanted,  # type: ignore[misc]
                START_TIMEOUT_S,
                f'{wanted} updates',
            )
            before = ranks_of(processes['learner'])
            assert sorted(before) == list(range(RANKS))
            before[killed].kill()
            session = sessions[-1].learner_session
            listener.until(
                lambda session=session: (  # type: ignore[misc]
                    sessions[-1].learner_session != session and sessions[-1].state == 'training'
                ),
                START_TIMEOUT_S,
                f'training after the end of rank {killed}',
            )
        listener.until(
            lambda: (
                all_acknowledged(listener, ['robot_1']) and updates(listener) >= STEPS - WARMUP
            ),
            START_TIMEOUT_S,
            'everything trained on',
        )
        replay = replay_state_with(port, STEPS)
    listener.close()
    log = (tmp_path / 'learner.log').read_text()
    assert processes['learner'].exit_code == 0, log
    # nothing is trained on twice or left out, stored twice or lost, and no version repeats
    assert updates(listener) == STEPS - WARMUP
    assert (replay.size, replay.position) == (STEPS, STEPS)
    batches = list(read_journal(tmp_path / 'run' / EXPERIENCE))
    numbers = [n for item in batches for n in range(item.first_sequence, item.last_sequence + 1)]
    assert numbers == list(range(1, STEPS + 1))
    by_session: dict[str, list[int]] = {}
    for policy in listener.heard[POLICY]:
        by_session.setdefault(policy.learner_session, []).append(policy.version)
    assert len(by_session) == 3
    spans = [(min(versions), max(versions)) for versions in by_session.values()]
    assert all(spans[n][1] < spans[n + 1][0] for n in range(len(spans) - 1)), spans
    assert '(exitcode: -9) local_rank: 1' in log  # torchrun names it
