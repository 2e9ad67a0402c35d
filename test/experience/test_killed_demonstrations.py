# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Bridge and learner are killed while a person drives: both tables have each step once.

HIL-SERL's learner (rail-berkeley/hil-serl, examples/train_rlpd.py) writes what people did every
`buffer_period` steps, so a kill loses what came since.
"""

from dataclasses import dataclass
from pathlib import Path
import random
import time
from typing import Any

from fleet import kill_and_restart, Listener, running
from joy_hand import JoyHand
import pytest
from replay_count import replay_state_with
from rl_agent.bringup.node_specs import NodeSpec, simulated_agent, simulated_robot
from rl_agent.ros.ros_messages import stamp_to_ns
from rl_agent.ros.ros_topics import (
    LEARNER_STATUS,
    REPLAY_STATUS,
    STATUS_QOS,
    STEP,
)
from rl_agent.transport.transition import Intervention
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.journal.journal_reader import read_journal
from rl_learner.replay.state import DEMONSTRATIONS as TABLE
from rl_learner.replay.state import ReplayState
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import LearnerStatus, ReplayStatus, Step

pytestmark = pytest.mark.timeout(900)
SPACE, WARMUP = 'robot_1', 100
BRIDGE, LEARNER = 'replay_bridge', 'learner'
KILLS = ((BRIDGE,), (LEARNER,), (BRIDGE, LEARNER), (BRIDGE,))
SMALL = """\
batch_size: 32
actor_hidden_sizes: [32, 32]
critic_hidden_sizes: [32, 32]
demonstration_fraction: 0.25
"""
TELEOP = """
teleop:
  topic: joy
  axes: {pivot: {axis: 1}}
  dead_man: 4
  handover_s: 0.0
  deadline_s: 10.0              # a loaded machine may hear nothing for a while
"""
START_TIMEOUT_S = 120.0  # a loaded machine starts a learner slowly
Row = tuple[str, int]  # session and number


@dataclass
class Run:
    """The results of a run.

    Attributes:
        status: last one of the learner.
        experience: rows of the journal to who chose their actions, in order.
        taught: rows of the journal of demonstrations, in order.
        replay: state of the first table after the last transition.
        demonstrations: state of the second.
    """

    status: LearnerStatus
    experience: list[tuple[Row, int]]
    taught: list[Row]
    replay: ReplayState
    demonstrations: ReplayState


def node_specs(folder: Path, port: int) -> list[NodeSpec]:
    """Return the specs of learner, bridge, robot and agent."""
    algorithm, robot = folder / 'small.yaml', folder / 'pendulum.yaml'
    algorithm.write_text(SMALL)
    shipped = Path(__file__).parents[2] / 'config' / 'robots' / 'pendulum.yaml'
    robot.write_text(shipped.read_text() + TELEOP)
    bridge, learner = learner_nodes(
        str(robot),
        str(algorithm),
        port,
        run_folder=str(folder / 'run'),
        warmup=WARMUP,
        threads=1,
        status_rate_hz=10.0,
        checkpoint_period_s=3.0,
    )
    return [
        learner,
        bridge,
        simulated_robot(str(robot), SPACE, seed=1),
        simulated_agent(
            str(robot),
            SPACE,
            seed=1,
            max_steps_ahead=32,
            robot_timeout_s=60.0,
        ),
    ]


@pytest.fixture(scope='module')
def run(ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Train with a person who takes over again and again; kill while the person drives."""
    folder, port = tmp_path_factory.mktemp('killed'), free_port()
    specs = node_specs(folder, port)
    listener = Listener(
        {
            REPLAY_STATUS: (ReplayStatus, STATUS_QOS),
            LEARNER_STATUS: (LearnerStatus, STATUS_QOS),
            f'/{SPACE}/{STEP}': (Step, 10_000),
        }
    )
    hand, moments = JoyHand(f'/{SPACE}/joy'), random.Random(3)
    try:
        with running(specs, ros_environment, folder) as processes:
            since_ns = 0
            for names in KILLS:
                drive(listener, hand, since_ns, moments.uniform(-1.0, 1.0))
                time.sleep(moments.uniform(0.0, 0.3))  # at a random moment
                dying = [spec for spec in specs if spec.name in names]
                kill_and_restart(processes, dying, ros_environment, folder)
                since_ns = time.time_ns()
            drive(listener, hand, since_ns, 0.5)
            agent = processes[f'{SPACE}_agent']
            agent.ask_to_end()
            agent.end(time.monotonic() + 15.0)
            return results(listener, folder / 'run', port)
    finally:
        hand.close()
        listener.close()


def drive(listener: Listener, hand: JoyHand, since_ns: int, action: float) -> None:
    """Let go, wait until all processes have been heard since a time, and drive for some steps."""
    hand.hold()
    until_at_work(listener, since_ns)
    before = driven(listener)
    hand.drive(0.0, action)
    listener.until(lambda: driven(listener) >= before + 20, START_TIMEOUT_S, 'a person drives')


def results(listener: Listener, run: Path, port: int) -> Run:
    """Return the results, once what the agent has sent is stored and trained on."""
    heard = listener.heard[REPLAY_STATUS]
    marks = len(heard) + 3  # the last batches are committed
    listener.until(lambda: len(heard) >= marks, START_TIMEOUT_S, 'the bridge')
    experience, taught = rows_of(run)
    replay = replay_state_with(port, len(experience))
    demonstrations = replay_state_with(port, len(taught), TABLE)
    listener.until(
        lambda: all_trained(listener, len(experience), len(taught)),
        START_TIMEOUT_S,
        'all trained on',
    )
    return Run(newest(listener, LEARNER_STATUS), experience, taught, replay, demonstrations)


def newest(listener: Listener, topic: str) -> Any:
    """Return the last message of a topic."""
    return listener.heard[topic][-1]


def driven(listener: Listener) -> int:
    """Return the number of steps that the person has driven."""
    steps = listener.heard[f'/{SPACE}/{STEP}']
    return sum(step.intervention == Intervention.PERSON for step in steps)


def until_at_work(listener: Listener, since_ns: int) -> None:
    """Wait until the robot moves, and bridge and learner have been heard since a time."""
    steps = listener.heard[f'/{SPACE}/{STEP}']
    wanted = len(steps) + 10
    statuses = [listener.heard[topic] for topic in (REPLAY_STATUS, LEARNER_STATUS)]
    listener.until(
        lambda: (
            len(steps) >= wanted
            and all(heard and stamp_to_ns(heard[-1].header.stamp) > since_ns for heard in statuses)
        ),
        START_TIMEOUT_S,
        'all at work',
    )


def all_trained(listener: Listener, stored: int, taught: int) -> bool:
    """Return whether the newest learner has made the updates for all transitions."""
    heard = listener.heard[LEARNER_STATUS]
    return bool(
        heard[-1].replay_size == stored
        and heard[-1].demonstrations == taught
        and heard[-1].backlog == 0
        and heard[-1].updates >= stored - WARMUP
    )


def rows_of(run: Path) -> tuple[list[tuple[Row, int]], list[Row]]:
    """Return the rows of experience with who chose the action, and those of demonstrations."""
    found: dict[str, list[tuple[Row, int]]] = {}
    for name in (EXPERIENCE, DEMONSTRATIONS):
        found[name] = [
            ((batch.sender.session, batch.first_sequence + index), int(chosen_by))
            for batch in read_journal(run / name)
            for index, chosen_by in enumerate(batch.columns['intervention'])
        ]
    assert {chosen_by for _, chosen_by in found[DEMONSTRATIONS]} == {Intervention.PERSON}
    return found[EXPERIENCE], [row for row, _ in found[DEMONSTRATIONS]]


def test_experience_has_each_step_once(run: Run) -> None:
    numbers = [number for (_, number), _ in run.experience]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len({session for (session, _), _ in run.experience}) == 1


def test_demonstrations_are_the_steps_of_the_person_each_once(run: Run) -> None:
    people = [row for row, chosen_by in run.experience if chosen_by == Intervention.PERSON]
    assert run.taught == people
    assert len(people) >= 20 * (len(KILLS) + 1)


def test_both_tables_have_what_the_journals_have(run: Run) -> None:
    stored, taught = len(run.experience), len(run.taught)
    assert (run.replay.size, run.replay.position) == (stored, stored)
    assert (run.demonstrations.size, run.demonstrations.position) == (taught, taught)
    assert run.status.demonstrations == taught


def test_demonstrations_make_no_update_due(run: Run) -> None:
    assert run.status.updates == len(run.experience) - WARMUP
