# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Messages about robots and learners at recorder and display, and those of a robot's topics."""

from collections.abc import Callable, Mapping
import math
from pathlib import Path
from random import Random
from typing import Any

from door import Door, RefusedError
from policy_doors import break_message
from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.message_checks import MessageGuard
from rl_agent.message_fields.ros_command_reader import CommandReader
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.ros.ros_messages import import_message
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.demo.ros_step_means import StepMeans
from rl_learner.monitoring.run_scalars import RunScalars
from rl_learner.monitoring.tensorboard_file import EventFile
from rl_learner.run.episode_log import EpisodeLog, EPISODES_FILE, read_episodes
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, ReplayStatus, Step

_ALGORITHM = load_algorithm('default')
_MOST_EVENT_BYTES = 8 << 20
_STEP = Step(
    robot='r',
    episode=1,
    step=1,
    observation_names=['cos', 'sin'],
    observation=[0.5, 0.25],
    action_names=['a'],
    action_wanted=[0.5],
    action_executed=[0.25],
    command=[0.5],
    reward=1.0,
    reward_names=['up', 'effort'],
    reward_parts=[2.0, -1.0],
)
_SEEDS: dict[type[Any], list[Any]] = {
    AgentStatus: [
        AgentStatus(robot='r', session='s', steps=3, last_return=math.nan, ticks=10),
        AgentStatus(robot='r', event_names=['a', 'b'], event_counts=[1, 2], state='acts'),
    ],
    Step: [_STEP],
    Episode: [Episode(robot='r', session='s', episode=1, steps=1, episode_return=1.0)],
    LearnerStatus: [
        LearnerStatus(learner_session='l', updates=10, transitions_stored=20),
        LearnerStatus(metric_names=['loss', 'x'], metric_values=[0.5, math.nan]),
    ],
    ReplayStatus: [ReplayStatus(state='journal', robots=1, transitions_journaled=5)],
}


class ListenerDoor(Door):
    """A message of anybody, at what records and shows a run."""

    def __init__(self, folder: Path, kind: type[Any]) -> None:
        """Begin.

        Args:
            folder: for the recorder's files.
            kind: of the message.
        """
        self._folder, self._kind = folder, kind
        self._messages = [serialize_message(message) for message in _SEEDS[kind]]
        self.seeds = self._messages
        self._events = EventFile(folder / 'events')
        self._written = 0

    def broken(self, rng: Random) -> bytes | None:
        """Return a message with wrong values."""
        return broken_message(self._kind, rng.choice(self._messages), rng)

    def give(self, data: bytes) -> None:
        """Let the message arrive, and write what was made of it."""
        message = deserialized(data, self._kind)
        recorder, guard, reports = RunScalars(_ALGORITHM), MessageGuard(), list[str]()
        means = StepMeans({'cos': 'cos', 'sin': 'sin', 'up': 'up'})
        guard = MessageGuard(reports.append)
        for callback in self._callbacks(recorder, means):
            guard.checked('topic', callback)(message)
        if reports:
            raise RefusedError(' '.join(reports))
        if self._kind is Step:
            recorder.on_episode(Episode(robot=message.robot, episode=message.episode, steps=1))
        written = [*recorder.take_episodes(wait=False), (recorder.step, recorder.take_means())]
        for step, scalars in written:
            assert all(isinstance(value, float) for value in scalars.values())
            self._write(scalars, step)

    def _callbacks(self, recorder: RunScalars, means: StepMeans) -> list[Callable[[Any], None]]:
        """Return what listens to messages of this kind."""
        listeners: dict[type[Any], list[Callable[[Any], None]]] = {
            AgentStatus: [recorder.on_agent],
            Step: [recorder.on_step, means.add],
            Episode: [recorder.on_episode, self._append_to_table],
            LearnerStatus: [recorder.on_learner],
            ReplayStatus: [recorder.on_bridge],
        }
        return listeners[self._kind]

    def _append_to_table(self, message: Episode) -> None:
        """Write an episode into a table, and check that the table can be read."""
        path = self._folder / EPISODES_FILE
        path.unlink(missing_ok=True)
        row = EpisodeLog(self._folder).append(
            robot=message.robot,
            episode=message.episode,
            steps=message.steps,
            episode_return=message.episode_return,
            evaluation=message.evaluation,
            policy_version=message.policy_version,
            complete=True,
        )
        assert read_episodes(path) == [row]

    def _write(self, scalars: Mapping[str, float], step: int) -> None:
        """Write scalars as the recorder does; start anew before the file fills the memory."""
        self._events.scalars(scalars, step)
        self._written += 100 * len(scalars)
        if self._written > _MOST_EVENT_BYTES:
            self._events.close()
            for path in (self._folder / 'events').iterdir():
                path.unlink()
            self._events, self._written = EventFile(self._folder / 'events'), 0


class SensorDoor(Door):
    """A message of a sensor or a command, at an agent and at a simulated robot."""

    def __init__(self, folder: Path, robot: str) -> None:
        """Begin with a shipped robot; messages of all its topics come in, one byte says which."""
        self._description = description = load_robot(robot)
        self._spaces = Spaces(description)
        self._kinds = [*description.topics.items()]
        self._extractors = {
            topic: [
                FieldExtractor(item, topic)
                for item in description.observation
                if item.topic == topic
            ]
            for topic, _ in self._kinds
        }
        self._commands = CommandReader(description.action, description.action.topic)
        self._types = [import_message(name) for _, name in self._kinds]
        self._types.append(import_message(description.action.type))
        self.seeds = [
            bytes([number]) + serialize_message(self._message(kind, description))
            for number, kind in enumerate(self._types)
        ]

    def broken(self, rng: Random) -> bytes | None:
        """Return a message with wrong values."""
        data = rng.choice(self.seeds)
        return data[:1] + broken_message(self._types[data[0]], data[1:], rng)

    def give(self, data: bytes) -> None:
        """Read the message's numbers."""
        number = data[0] % len(self._types) if data else 0
        message = deserialized(data[1:], self._types[number])
        if number == len(self._kinds):
            command = self._commands.read(message)
            assert command.shape == (len(self._description.action.names),)
            return
        for extract in self._extractors[self._kinds[number][0]]:
            raw = extract(message)
            assert raw.shape == (extract.field.raw_size,)

    def _message(self, kind: type[Any], description: RobotDescription) -> Any:
        """Return a message with a number for each joint."""
        message = kind()
        joints = sorted(
            {joint for item in description.observation for joint in item.joints or ()}
            | set(description.action.joints or ())
        )
        for name, value in (
            ('name', joints),
            ('position', [0.5] * len(joints)),
            ('velocity', [0.25] * len(joints)),
            ('effort', [0.125] * len(joints)),
            ('data', [0.5] * len(description.action.names)),
        ):
            if 'sequence' in kind.get_fields_and_field_types().get(name, ''):
                setattr(message, name, value)
        return message


def broken_message(kind: type[Any], data: bytes, rng: Random) -> bytes:
    """Return a serialised message with wrong values."""
    message = deserialize_message(data, kind)
    plain = {'boolean', 'string', 'float', 'double', 'std_msgs/Header'}
    types = kind.get_fields_and_field_types()
    if all(item in plain or 'int' in item or 'sequence<' in item for item in types.values()):
        break_message(message, rng)
    changed: bytes = serialize_message(message)
    return changed


def deserialized(data: bytes, kind: type[Any]) -> Any:
    """Return a message; the middleware drops what it cannot read."""
    try:
        return deserialize_message(data, kind)
    except Exception as error:  # of the middleware's own kind
        raise RefusedError(f'middleware: {type(error).__name__}') from error
