# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The `recorder` node: everything that is published about a run into TensorBoard files.

A process of its own: training and robots do not notice it, nor its end.
"""

from collections.abc import Iterator, Sequence
import contextlib
import json
from pathlib import Path
import sys
from typing import Any

from rclpy.qos import QoSProfile
from rl_agent.bringup.evaluation_topics import is_evaluation_topic
from rl_agent.description.robot import load_robot
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (first: it explains a missing rl_msgs)
from rl_agent.ros.ros_topics import (
    EPISODE_QOS,
    LEARNER_STATUS,
    REPLAY_STATUS,
    STATUS_QOS,
    steady_clock,
)
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.bringup.parameters import RecorderParameters
from rl_learner.monitoring.run_scalars import as_markdown, CHARTS, RunScalars
from rl_learner.monitoring.tensorboard_file import EventFile
from rl_learner.run.episode_log import EpisodeLog
from rl_learner.run.folder import open_run_folder, TENSORBOARD
from rl_learner.run.manifest import RUN_FILE
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, ReplayStatus, Step

_LOOK_PERIOD_S = 0.5
_STEP_QOS = QoSProfile(depth=2000)  # steps of a simulation come in bursts


class RecorderNode(ManagedNode):
    """Listens to a learner, its bridge and all robots there are; connects them to the files."""

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('recorder')
        self._recorder: RunScalars | None = None
        self._settings = declare_parameters(self, RecorderParameters)

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def configure(self) -> None:
        """Open the files and listen."""
        parameters = self._settings
        robot = load_robot(parameters.robot)
        algorithm = load_algorithm(parameters.algorithm)
        self._folder = open_run_folder(Path(parameters.run_folder).expanduser())
        self._log = EpisodeLog(self._folder)
        recorder = self._recorder = RunScalars(algorithm, self._log.total_steps)
        self._episode_steps = robot.episode_steps
        self._events: EventFile | None = None
        self._described = False
        self._inputs: dict[str, Any] = {}
        self._listen(LearnerStatus, LEARNER_STATUS, recorder.on_learner, STATUS_QOS)
        self._listen(ReplayStatus, REPLAY_STATUS, recorder.on_bridge, STATUS_QOS)
        self._periodic = [
            self.create_timer(_LOOK_PERIOD_S, self._look_for_robots, clock=steady_clock()),
            self.create_timer(parameters.period_s, self._write, clock=steady_clock()),
        ]

    def deactivate(self) -> None:
        """Write down what is left."""
        if self._recorder is not None:
            self._write(last=True)

    def clean_up(self) -> None:
        """Stop listening and close the file."""
        for timer in self._periodic:
            self.destroy_timer(timer)
        for subscription in self._inputs.values():
            self.destroy_subscription(subscription)
        self._close_file()
        self._recorder = None

    def _look_for_robots(self) -> None:
        """Listen to robots that came since the last look; policies on trial are apart."""
        recorder = self._recorder
        assert recorder is not None
        kinds = {
            'rl_msgs/msg/AgentStatus': (AgentStatus, recorder.on_agent, STATUS_QOS),
            'rl_msgs/msg/Episode': (Episode, self._on_episode, EPISODE_QOS),
        }
        steps = 0
        for topic, types in self.get_topic_names_and_types():
            if is_evaluation_topic(topic):
                continue
            if types[0] in kinds:
                kind, callback, quality = kinds[types[0]]
                self._listen(kind, topic, callback, quality)
            elif types[0] == 'rl_msgs/msg/Step' and steps < self._settings.step_robots:
                steps += 1
                self._listen(Step, topic, recorder.on_step, _STEP_QOS)

    def _listen(self, kind: type[Any], topic: str, callback: Any, quality: Any) -> None:
        """Subscribe to a topic, once."""
        if topic not in self._inputs:
            self._inputs[topic] = self.create_subscription(kind, topic, callback, quality)

    def _on_episode(self, message: Episode) -> None:
        """Write down an episode."""
        complete = message.terminated or message.steps >= self._episode_steps
        with self._disk():
            self._log.append(
                robot=message.robot,
                episode=message.episode,
                steps=message.steps,
                episode_return=message.episode_return,
                evaluation=message.evaluation,
                policy_version=message.policy_version,
                complete=complete,
            )
        if complete and self._recorder is not None:
            self._recorder.on_episode(message)

    def _write(self, *, last: bool = False) -> None:
        """Write down what was heard."""
        assert self._recorder is not None
        # taken whether or not the disk takes it: it would grow without end
        episodes = self._recorder.take_episodes(all_of_them=last)
        means, step_of_means = self._recorder.take(), self._recorder.step
        with self._disk():
            try:
                file = self._file()
                for step, numbers in episodes:
                    file.scalars(numbers, step)
                file.scalars(means, step_of_means)
                if not self._described and (self._folder / RUN_FILE).exists():
                    self._describe(file)
                    self._described = True
                file.flush()
            except OSError:
                self._close_file()  # readers stop at half a record: go on in another file
                raise

    def _close_file(self) -> None:
        """Close the event file; the next use makes another one."""
        events, self._events = self._events, None
        if events is not None:
            with contextlib.suppress(OSError):
                events.close()

    def _describe(self, file: EventFile) -> None:
        """Write down what the run is."""
        content = json.loads((self._folder / RUN_FILE).read_text(encoding='utf-8'))
        for name in ('starts', 'parameters', 'algorithm', 'robot'):
            text = json.dumps(content[name], indent=2)
            file.text(f'run/{name}', as_markdown(name, text.splitlines()))

    def _file(self) -> EventFile:
        """Return the event file, opened with the first use."""
        if self._events is None:
            self._events = EventFile(self._folder / TENSORBOARD)
            self._events.charts(CHARTS)
        return self._events

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        """Log what a disk refuses: nothing that is recorded is worth ending a process for."""
        try:
            yield
        except OSError as error:
            self.get_logger().error(f'not recorded: {error}', throttle_duration_sec=60.0)


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(RecorderNode, args))


if __name__ == '__main__':
    main()
