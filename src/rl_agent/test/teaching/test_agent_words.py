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

"""What becomes of an episode, its transitions and its counts when a word ends it."""

from typing import Any

from agent_bench import Bench
import pytest
from rl_agent.description.safety import ReactionDescription
from rl_agent.description.teaching.words import (
    EndWordDescription,
    WordDescription,
    WordsDescription,
)
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.safety.safety_state import SafetyState
from rl_agent.teaching.words import Words
from rl_agent.transport.transition import Transition


def make(**options: Any) -> tuple[Bench, Words]:
    """Return an agent for 30 steps in episodes of 10, and the words that it obeys."""
    bench = Bench(max_steps=30, **options)
    env: RobotEnv = bench.agent._env
    words = Words(
        WordsDescription(success=EndWordDescription(reward=5.0), discard=WordDescription()),
        env.state,
        ReactionDescription(),
        env._events,
    )
    env._words, bench.agent.outcomes._keeper = words, bench.spool
    return bench, words


def kept(bench: Bench) -> list[Transition]:
    """Run the agent to its end; return what is left in the spool, acknowledged run by run."""
    transitions = bench.run()
    bench.spool.acknowledge(len(transitions))
    while (batch := bench.spool.next_batch(10_000)) is not None:
        transitions += batch.transitions
        bench.spool.acknowledge(batch.first_sequence + len(batch.records) - 1)
    return transitions


def test_success_is_rewarded_and_terminates() -> None:
    bench, words = make()
    bench.after_step[4] = lambda: words.say('success', 'test')
    transitions = kept(bench)
    assert [item.outcome for item in bench.results] == ['success', '', '', '']
    ended = transitions[4]
    assert (ended.terminated, ended.truncated) == (True, False)
    assert ended.reward - transitions[3].reward > 4.0
    assert len(transitions) == 30


def test_a_discarded_episode_never_leaves_and_numbers_go_on() -> None:
    bench, words = make()
    bench.after_step[12] = lambda: words.say('discard', 'test')
    transitions = kept(bench)
    assert [item.outcome for item in bench.results] == ['', 'discard', '', '']
    assert [item.episode for item in transitions] == [1] * 10 + [3] * 10 + [4] * 7
    assert bench.agent.outcomes.discarded_steps == 3
    assert bench.agent.steps == 30
    assert bench.agent.outcomes.counts['discard'] == 1


def test_an_episode_can_be_discarded_until_the_next_begins() -> None:
    bench, words = make()
    bench.after_episode[2] = lambda: words.say('discard', 'test')
    transitions = kept(bench)
    assert [item.episode for item in transitions] == [1] * 10 + [3] * 10
    assert bench.agent.outcomes.counts['discard'] == 1


def test_a_discarded_evaluation_is_repeated() -> None:
    bench, words = make()
    bench.agent.evaluate(2)
    bench.after_step[5] = lambda: words.say('discard', 'test')
    bench.run()
    assert [item.evaluation for item in bench.results[:3]] == [True, True, True]
    assert len(bench.agent.evaluation.returns) == 2


def test_a_pause_ends_the_episode_and_nothing_moves_until_resume() -> None:
    bench, words = make()
    states: list[str] = []

    def resume_once_paused(state: SafetyState, wait: Any, timeout_s: float) -> bool:
        if words.is_paused:
            states.append(bench.agent.state)
            if len(states) == 3:
                words.say('resume', 'test')
        return bool(wait(timeout_s))

    state = bench.agent._env.state
    wait = state.wait_until_clear
    state.wait_until_clear = lambda timeout_s: resume_once_paused(  # type: ignore[method-assign]
        state, wait, timeout_s
    )
    bench.after_step[5] = lambda: words.say('pause', 'test')
    transitions = kept(bench)
    assert 'paused' in states
    assert len(transitions) == 30
    first = [item for item in transitions if item.episode == 1]
    assert first[-1].truncated
    assert not first[-1].terminated
    assert len(first) == pytest.approx(6)
