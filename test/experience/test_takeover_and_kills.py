# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A person drives a simulated robot in lockstep, and its agent is killed meanwhile.

Every step arrives once, with the source of its action, at a subscriber and in the journal.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fleet import Listener, running
from joy_hand import JoyHand
import numpy as np
import pytest
from rl_agent.bringup.node_specs import NodeSpec, simulated_agent, simulated_robot
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_agent.ros.ros_messages import stamp_to_ns
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    EPISODE,
    EPISODE_QOS,
    STATUS_QOS,
    STEP,
    TRANSITIONS,
)
from rl_agent.teaching.hand_state import IDLE
from rl_agent.transport.transition import Intervention
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, Episode, Step, TransitionBatch

pytestmark = pytest.mark.timeout(300)
NONE, LIMIT, PERSON = Intervention
SPACE, WITHIN_S = 'taken_over', 60.0
LAST_STEPS = 2000  # of the last agent, which takes many seconds for them
TELEOP = """
teleop:
  topic: joy
  axes: {pivot: {axis: 1}}
  dead_man: 4
  handover_s: 0.2               # 4 steps
  deadline_s: 10.0              # a loaded machine may hear nothing for a while
"""
WANTED, DRIVEN = 0.5, -0.75  # actions of the policy and of the person
STATUS, STEPS = f'/{SPACE}/{AGENT_STATUS}', f'/{SPACE}/{STEP}'
EPISODES = f'/{SPACE}/{EPISODE}'


@dataclass
class Bench:
    """A robot that can be driven.

    Attributes:
        listener: hears the agent.
        hand: of the person.
        agent: to start.
        description: path of the robot's description.
    """

    listener: Listener
    hand: JoyHand
    agent: NodeSpec
    description: Path

    @property
    def steps(self) -> list[Any]:
        """The steps so far."""
        return self.listener.heard[STEPS]

    def until_steps(self, source: Intervention, count: int) -> None:
        """Wait for more steps whose action somebody chose."""
        begin = len(self.steps)
        self.listener.until(
            lambda: sum(step.intervention == source for step in self.steps[begin:]) >= count,
            WITHIN_S,
            f'{count} steps by {source.name}',
        )

    def take_over(self) -> None:
        """Let the person drive for a while, once the agent has seen the button released."""
        self.hand.hold()
        statuses = self.listener.heard[STATUS]
        begin = len(statuses)
        self.listener.until(
            lambda: any(status.hand == IDLE for status in statuses[begin:]), WITHIN_S, IDLE
        )
        self.until_steps(NONE, 20)
        self.hand.drive(0.0, DRIVEN)
        self.until_steps(PERSON, 40)


@pytest.fixture
def bench(ros_environment: dict[str, str], tmp_path: Path) -> Iterator[Bench]:
    """Yield a simulated pendulum without its agent."""
    path = tmp_path / 'pendulum.yaml'
    text = (Path(__file__).parents[2] / 'config' / 'robots' / 'pendulum.yaml').read_text()
    path.write_text(text.replace('episode_steps: 200', 'episode_steps: 100') + TELEOP)
    architecture = PolicyArchitecture(3, 1, (4,), distribution='deterministic')
    numbers = np.zeros(architecture.num_parameters, np.float32)
    numbers[-1] = np.arctanh(WANTED)
    fingerprint = Spaces(load_robot(str(path))).fingerprint
    assert fingerprint == Spaces(load_robot('pendulum')).fingerprint  # a hand changes no policy
    save_policy(
        tmp_path / 'policy.npz',
        PolicyParameters(architecture, numbers, fingerprint=fingerprint, version=1),
    )
    agent = simulated_agent(
        str(path),
        SPACE,
        seed=1,
        policy=str(tmp_path / 'policy.npz'),
        spool_folder=str(tmp_path / 'spool'),
        robot_timeout_s=WITHIN_S,
        explore=False,
    )
    listener = Listener(
        {
            STATUS: (AgentStatus, STATUS_QOS),
            STEPS: (Step, 10_000),
            EPISODES: (Episode, EPISODE_QOS),
            TRANSITIONS: (TransitionBatch, 10_000),
        }
    )
    hand = JoyHand(f'/{SPACE}/joy')
    with running([simulated_robot(str(path), SPACE, seed=1)], ros_environment, tmp_path):
        yield Bench(listener, hand, agent, path)
    hand.close()
    listener.close()


def sources_heard(batches: list[Any]) -> dict[int, int]:
    """Return stamp to source of the action in batches, which are repeated until acknowledged."""
    return {
        int(stamp_ns): int(source)
        for batch in batches
        for stamp_ns, source in zip(batch.stamp, batch.intervention, strict=True)
    }


def test_each_step_says_who_chose_it(
    bench: Bench, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    bridge, _ = learner_nodes(
        str(bench.description), 'default', free_port(), run_folder=str(tmp_path / 'run')
    )
    with running([bridge, bench.agent], ros_environment, tmp_path):
        heard = bench.listener.heard[TRANSITIONS]
        bench.listener.until(lambda: bool(heard), WITHIN_S, 'the first transitions')
        bench.take_over()
        statuses = bench.listener.heard[STATUS]
        bench.listener.until(
            lambda: (
                bool(statuses)
                and statuses[-1].hand == 'driving'
                and statuses[-1].person_steps >= 40
            ),
            WITHIN_S,
            'it is told',
        )
        bench.hand.hold()
        bench.until_steps(NONE, 120)  # a whole episode of the policy is among them
        first_ns = min(sources_heard(heard))
        told = {
            stamp_ns: step.intervention
            for step in bench.steps
            if (stamp_ns := stamp_to_ns(step.header.stamp)) >= first_ns
        }
        bench.listener.until(
            lambda: told.keys() <= sources_heard(heard).keys(), WITHIN_S, 'all transitions'
        )
    stored = sources_heard(heard)
    assert {stamp_ns: stored[stamp_ns] for stamp_ns in told} == told
    assert set(told.values()) == {NONE, LIMIT, PERSON}
    actions = {
        source: [step.action_executed[0] for step in bench.steps if step.intervention == source]
        for source in Intervention
    }
    np.testing.assert_allclose(actions[NONE], WANTED, atol=1e-3)
    # in steps of a fifth of the way: from the policy, from rest where an episode begins, and back
    to_the_person = {0.25, 0.0, -0.25, -0.5, -0.15, -0.3, -0.45, -0.6, DRIVEN}
    assert {round(action, 2) for action in actions[PERSON]} <= to_the_person
    assert round(min(actions[PERSON]), 2) == DRIVEN
    assert {round(action, 2) for action in actions[LIMIT]} <= {-0.5, -0.25, 0.0, 0.25}
    assert all(abs(step.action_wanted[0] - WANTED) < 1e-3 for step in bench.steps)
    # no episode ends for a person, and none of the person's is an evaluation
    for episode in bench.listener.heard[EPISODES]:
        assert episode.evaluation is (episode.person_steps == 0)
        assert (episode.steps, episode.terminated) == (100, False)


def test_a_killed_agent_loses_and_repeats_nothing_of_a_takeover(
    bench: Bench, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    bridge, _ = learner_nodes(
        str(bench.description), 'default', free_port(), run_folder=str(tmp_path / 'run')
    )
    for folder in ('first', 'second', 'last'):
        (tmp_path / folder).mkdir()
    with running([bench.agent], ros_environment, tmp_path / 'first') as processes:
        bench.take_over()  # before there is a bridge
        next(iter(processes.values())).kill()
    with running([bridge], ros_environment, tmp_path):
        with running([bench.agent], ros_environment, tmp_path / 'second') as processes:
            bench.take_over()
            next(iter(processes.values())).kill()
        finishing = replace(
            bench.agent, parameters={**bench.agent.parameters, 'max_steps': LAST_STEPS}
        )
        with running([finishing], ros_environment, tmp_path / 'last'):
            bench.take_over()
            statuses = bench.listener.heard[STATUS]
            bench.listener.until(
                lambda: (
                    statuses[-1].state.startswith('finished')
                    and statuses[-1].transitions_pending == 0
                ),
                WITHIN_S,
                'everything acknowledged',
            )
    batches = list(read_journal(tmp_path / 'run' / EXPERIENCE))
    numbers: dict[str, list[int]] = {}
    stored: dict[int, int] = {}
    for batch in batches:
        last = batch.first_sequence + len(batch)
        numbers.setdefault(batch.sender.session, []).extend(range(batch.first_sequence, last))
        rows = zip(batch.columns['stamp'], batch.columns['intervention'], strict=True)
        stored |= {int(stamp_ns): int(source) for stamp_ns, source in rows}
    assert len(numbers) == 3
    for given in numbers.values():
        assert given == list(range(1, len(given) + 1))
    assert len(stored) == sum(map(len, numbers.values()))  # simulated time goes on: none twice
    told = {stamp_to_ns(step.header.stamp): step.intervention for step in bench.steps}
    assert {stamp_ns: stored.get(stamp_ns) for stamp_ns in told} == told
    assert sum(source == PERSON for source in told.values()) >= 3 * 40
