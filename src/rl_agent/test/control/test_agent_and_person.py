# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A person drives in an agent's episodes: what counts, what is stored, and what it changes."""

from functools import partial

from agent_bench import Bench
import numpy as np
from pendulum_robot import describe, make_parameters
import pytest
from rl_agent.description.safety import SafetyDescription
from rl_agent.description.teaching.teleop import AxisDescription, TeleopDescription
from rl_agent.event_log import EventLog
from rl_agent.teaching.hand import Hand, HandMessage
from rl_agent.teaching.takeover import Takeover
from rl_agent.transport.transition import Intervention

NONE, LIMIT, PERSON = Intervention
TELEOP = TeleopDescription(
    topic='joy', axes={'pivot': AxisDescription(axis=0)}, dead_man=4, handover_s=0.0
)


class Person:
    """A person on a stick, who is heard at once and never falls silent.

    Attributes:
        takeover: for the environment.
    """

    def __init__(self) -> None:
        """Begin without driving."""
        self._hand = Hand('/joy', 0.3, EventLog())
        self.takeover = Takeover(self._hand, TELEOP, describe().command, 20.0, lambda: 0.0)
        self.let_go()

    def drive(self, number: float) -> None:
        """Hold the dead-man button, with the stick at this number."""
        self._hand.hear(HandMessage(np.array([number]), frozenset({4}), True), 0.0)

    def let_go(self) -> None:
        """Release the button."""
        self._hand.hear(HandMessage(np.array([0.0]), frozenset(), False), 0.0)


@pytest.fixture
def person() -> Person:
    """Return a person."""
    return Person()


def test_the_steps_of_a_person_are_stored_and_counted(person: Person) -> None:
    bench = Bench(episode_steps=10, max_steps=20, takeover=person.takeover)
    bench.after_step = {3: partial(person.drive, -0.25), 7: person.let_go}
    transitions = bench.run()
    assert [item.intervention for item in transitions] == [NONE] * 3 + [PERSON] * 4 + [NONE] * 13
    assert [item.action.tolist() for item in transitions[3:7]] == [[-0.25]] * 4
    assert [command.tolist() for command in bench.robot.commands[3:7]] == [[-0.5]] * 4
    # what the policy wanted stays known
    assert all(wanted.tolist() != [-0.25] for wanted in bench.wanted)
    assert [item.person_steps for item in bench.results] == [4, 0]
    assert [item.steps for item in bench.results] == [10, 10]
    assert bench.agent.person_steps == 4


def test_a_limit_on_a_persons_action_leaves_it_the_persons(person: Person) -> None:
    """0.5 N m per s at 20 Hz are 0.025 N m in a step, 0.0125 of the action."""
    bench = Bench(
        max_steps=4, takeover=person.takeover, safety=SafetyDescription(slew_per_s=(0.5,))
    )
    person.drive(1.0)
    transitions = bench.run()
    assert [item.intervention for item in transitions] == [PERSON] * 4
    np.testing.assert_allclose(
        [item.action[0] for item in transitions], [0.0125, 0.025, 0.0375, 0.05], atol=1e-6
    )


def test_an_evaluation_episode_with_a_person_is_repeated(person: Person) -> None:
    bench = Bench(episode_steps=10, max_steps=40, takeover=person.takeover)
    bench.after_step = {12: partial(person.drive, 0.5), 13: person.let_go}
    request = bench.agent.evaluate(2)
    bench.run()
    assert [item.evaluation for item in bench.results] == [True, False, True, False]
    assert [item.person_steps for item in bench.results] == [0, 1, 0, 0]
    assert request.returns == [bench.results[0].episode_return, bench.results[2].episode_return]


def test_a_whole_run_of_evaluations_counts_only_those_of_the_policy(person: Person) -> None:
    bench = Bench(episode_steps=10, max_episodes=2, explore=False, takeover=person.takeover)
    bench.after_step = {2: partial(person.drive, 0.5), 3: person.let_go}
    bench.run()
    assert [item.evaluation for item in bench.results] == [False, True, True]


def test_a_person_drives_before_there_is_a_policy(person: Person) -> None:
    """The robot rests when the person lets go, until the policy comes."""
    bench = Bench(episode_steps=20, max_steps=20, takeover=person.takeover, has_policy=False)
    person.drive(0.5)
    bench.after_step = {5: person.let_go, 12: lambda: bench.store.offer(make_parameters(3))}
    transitions = bench.run()
    sources = [item.intervention for item in transitions]
    assert sources == [PERSON] * 5 + [LIMIT] * 7 + [NONE] * 8
    assert [item.policy_version for item in transitions] == [0] * 12 + [3] * 8
    assert [item.action[0] for item in transitions[:12]] == [0.5] * 5 + [0.0] * 7


def test_without_a_policy_and_a_person_it_waits(person: Person) -> None:
    bench = Bench(episode_steps=10, max_episodes=2, takeover=person.takeover, has_policy=False)
    person.drive(0.5)
    states: list[str] = []

    def wait(timeout_s: float) -> bool:
        """Let the person drive again once the agent waits, see `PolicyStore`."""
        if bench.results and not states:
            states.append(bench.agent.state)
            person.drive(0.25)
        return False

    bench.store.wait = wait  # type: ignore[method-assign]
    bench.after_episode = {1: person.let_go}
    bench.run()
    assert states == ['waiting for a policy or a person']
    assert [item.person_steps for item in bench.results] == [10, 10]
