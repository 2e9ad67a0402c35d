# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Words to an agent process by topic and service; a discarded episode never leaves the robot."""

from collections.abc import Iterator
import dataclasses
from typing import Any

from fleet import running
from live_robot import live_robot, LiveRobot
import pytest
from rl_agent.control.agent import EXPLORING, PAUSED
from rl_agent.ros.ros_topics import ACK_QOS, TRANSITIONS_QOS, WORD_QOS
from rl_msgs.msg import TransitionAck, TransitionBatch
from std_msgs.msg import String

NAMESPACE = '/obedient'
WORDS = 'words: {success: {reward: 3.0}, discard: {}}\n'
EPISODE_STEPS = 50  # a second


class Obedient:
    """A robot whose agent obeys words; it stands in for the learner machine, too.

    Attributes:
        robot: hears status, steps and episodes.
        rows: number of each stored transition to its episode.
    """

    def __init__(self, robot: LiveRobot) -> None:
        """Connect."""
        self.robot = robot
        self.rows: dict[int, int] = {}
        node = robot.node
        self._words = node.create_publisher(String, 'word', WORD_QOS)
        self._acks = node.create_publisher(TransitionAck, 'transitions_ack', ACK_QOS)
        node.create_subscription(TransitionBatch, 'transitions', self._on_batch, TRANSITIONS_QOS)

    def say(self, word: str) -> None:
        """Say a word on the topic."""
        self._words.publish(String(data=word))

    def ended(self, outcome: str, since: int) -> Any:
        """Wait for an episode with this outcome; return it."""
        heard = self.robot.heard['episode']
        self.robot.until(
            lambda: any(item.outcome == outcome for item in heard[since:]), f'{outcome} heard'
        )
        return next(item for item in heard[since:] if item.outcome == outcome)

    def in_an_episode(self) -> None:
        """Wait for the beginning of an episode, which then goes on for most of a second."""
        steps = self.robot.heard['step']
        since = len(steps)
        self.robot.until(lambda: any(item.step == 2 for item in steps[since:]), 'an episode')

    def _on_batch(self, batch: TransitionBatch) -> None:
        """Store a batch that continues what is stored, and acknowledge."""
        if batch.first_sequence <= len(self.rows) + 1:
            for offset, episode in enumerate(batch.episode):
                known = self.rows.setdefault(batch.first_sequence + offset, episode)
                assert known == episode, 'a number was used twice'
        self._acks.publish(
            TransitionAck(robot=batch.robot, session=batch.session, sequence=len(self.rows))
        )


@pytest.fixture(scope='module')
def obedient(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Obedient]:
    folder = tmp_path_factory.mktemp('obedient')
    with live_robot(NAMESPACE, folder, WORDS) as (robot, path):
        text = path.read_text().replace('episode_steps: 100000', f'episode_steps: {EPISODE_STEPS}')
        path.write_text(text)
        topics = ('policy', 'transitions', 'transitions_ack')
        spec = dataclasses.replace(
            robot.spec,
            parameters={'robot': str(path)},
            remappings={f'/{topic}': f'{NAMESPACE}/{topic}' for topic in topics},
        )
        made = Obedient(robot)
        with running([spec], ros_environment, folder):
            robot.publish_policy(0.5)
            robot.until(lambda: bool(robot.heard['step']), 'a step')
            yield made


def test_success_on_the_topic_ends_the_task_with_its_reward(obedient: Obedient) -> None:
    obedient.in_an_episode()
    since = len(obedient.robot.heard['episode'])
    obedient.say('Success')
    episode = obedient.ended('success', since)
    assert (episode.terminated, episode.truncated) == (True, False)
    steps = obedient.robot.heard['step']
    obedient.robot.until(lambda: any(item.word for item in steps), 'the step with the word')
    step = next(item for item in steps if item.word)
    parts = dict(zip(step.reward_names, step.reward_parts, strict=True))
    assert (step.word, step.terminated, parts['success']) == ('success', True, 3.0)
    obedient.robot.until_status(lambda item: item.episodes_succeeded == 1, 'counted')


def test_a_discarded_episode_never_leaves(obedient: Obedient) -> None:
    obedient.in_an_episode()
    since = len(obedient.robot.heard['episode'])
    answer = obedient.robot.call('discard')
    assert answer.success
    assert answer.message.startswith('discard: for the episode in progress')
    discarded = obedient.ended('discard', since)
    later = discarded.episode + 2
    obedient.robot.until(lambda: later in obedient.rows.values(), 'later episodes stored')
    assert discarded.episode not in obedient.rows.values()
    numbers = sorted(obedient.rows)
    assert numbers == list(range(1, len(numbers) + 1))
    status = obedient.robot.until_status(lambda item: item.episodes_discarded == 1, 'counted')
    assert status.transitions_dropped == 0


def test_a_pause_lasts_until_resume(obedient: Obedient) -> None:
    assert obedient.robot.call('pause').success
    status = obedient.robot.until_status(lambda item: item.state == PAUSED, 'a pause')
    assert 'pause: said by service' in status.safety_state
    assert not status.safety_latched
    steps = status.steps
    status = obedient.robot.until_status(lambda item: item.state == PAUSED, 'still a pause')
    assert status.steps == steps
    obedient.say('resume')
    obedient.robot.until_status(
        lambda item: item.state == EXPLORING and item.steps > steps, 'steps'
    )


def test_a_word_that_is_none_is_counted_and_changes_nothing(obedient: Obedient) -> None:
    before = len(obedient.robot.heard['episode'])
    obedient.say('well done')

    def refused(status: Any) -> bool:
        counts = dict(zip(status.event_names, status.event_counts, strict=True))
        return bool(counts.get('word_refused', 0) == 1)

    obedient.robot.until_status(refused, 'the refusal')
    assert not any(item.outcome for item in obedient.robot.heard['episode'][before:])
