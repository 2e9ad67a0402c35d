# Copyright 2026 The rl_learner authors
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

"""The `recorder` node: writes what is published about a run into TensorBoard files and a table.

It is a separate process, so neither training nor robots depend on it.
"""

from collections.abc import Iterator, Sequence
import contextlib
import json
from pathlib import Path
import sys
from typing import Any

from rclpy.qos import QoSProfile
from rl_agent.bounded_files import read_json_object
from rl_agent.bringup.evaluation_topics import is_evaluation_topic
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_agent.message_checks import MessageGuard
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
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

_DISCOVERY_PERIOD_S = 0.5
_STEP_QOS = QoSProfile(depth=2000)  # simulations publish steps in bursts


class RecorderNode(ManagedNode):
    """Subscribes to a learner, its bridge and all robots, and writes the files.

    Attributes:
        guard: refuses messages that cannot be true, and counts them.
    """

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__('recorder')
        self._recorder: RunScalars | None = None
        self.guard = MessageGuard(self.get_logger().warning)
        self._settings = declare_parameters(self, RecorderParameters)

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def configure(self) -> None:
        """Open the table and subscribe."""
        parameters = self._settings
        robot = load_robot(parameters.robot)
        algorithm = load_algorithm(parameters.algorithm, episode_steps=robot.episode_steps)
        self._folder = open_run_folder(Path(parameters.run_folder).expanduser())
        self._episodes = EpisodeLog(self._folder)
        recorder = self._recorder = RunScalars(algorithm, self._episodes.total_steps)
        self._episode_steps = robot.episode_steps
        self._events: EventFile | None = None
        self._manifest_written = False
        self._subscriptions_by_topic: dict[str, Any] = {}
        self._subscribe(LearnerStatus, LEARNER_STATUS, recorder.on_learner, STATUS_QOS)
        self._subscribe(ReplayStatus, REPLAY_STATUS, recorder.on_bridge, STATUS_QOS)
        self._periodic = [
            self.create_timer(_DISCOVERY_PERIOD_S, self._discover_robots, clock=steady_clock()),
            self.create_timer(parameters.period_s, self._write, clock=steady_clock()),
        ]

    def deactivate(self) -> None:
        """Write what has not been written yet."""
        if self._recorder is not None:
            self._write(last=True)
        refused = sum(self.guard.refused.values())
        if refused:
            self.get_logger().warning(f'{refused} messages were refused and are not recorded')

    def clean_up(self) -> None:
        """Unsubscribe and close the event file."""
        for timer in self._periodic:
            self.destroy_timer(timer)
        for subscription in self._subscriptions_by_topic.values():
            self.destroy_subscription(subscription)
        self._close_file()
        self._recorder = None

    def _discover_robots(self) -> None:
        """Subscribe to robots that appeared since the last call, but not to evaluations."""
        recorder = self._recorder
        assert recorder is not None
        subscribed = {
            'rl_msgs/msg/AgentStatus': (AgentStatus, recorder.on_agent, STATUS_QOS),
            'rl_msgs/msg/Episode': (Episode, self._on_episode, EPISODE_QOS),
        }
        step_topics = 0
        for topic, types in self.get_topic_names_and_types():
            if is_evaluation_topic(topic):
                continue
            if types[0] in subscribed:
                message_type, callback, qos = subscribed[types[0]]
                self._subscribe(message_type, topic, callback, qos)
            elif types[0] == 'rl_msgs/msg/Step' and step_topics < self._settings.step_robots:
                step_topics += 1
                self._subscribe(Step, topic, recorder.on_step, _STEP_QOS)

    def _subscribe(self, message_type: type[Any], topic: str, callback: Any, qos: Any) -> None:
        """Subscribe to a topic, unless it is subscribed to already."""
        if topic not in self._subscriptions_by_topic:
            checked = self.guard.checked(topic, callback)
            subscription = self.create_subscription(message_type, topic, checked, qos)
            self._subscriptions_by_topic[topic] = subscription

    def _on_episode(self, message: Episode) -> None:
        """Add an episode to the table, and to the scalars if it is complete."""
        complete = message.terminated or message.steps >= self._episode_steps
        with self._disk_errors_logged():
            self._episodes.append(
                robot=message.robot,
                episode=message.episode,
                steps=message.steps,
                episode_return=message.episode_return,
                evaluation=message.evaluation,
                policy_version=message.policy_version,
                complete=complete,
                outcome=message.outcome,
                person_steps=message.person_steps,
            )
        if complete and self._recorder is not None:
            self._recorder.on_episode(message)

    def _write(self, *, last: bool = False) -> None:
        """Write the scalars that were received since the last call.

        Args:
            last: write episodes even if steps of them are missing.
        """
        assert self._recorder is not None
        # taken even if the disk is full: they would pile up in memory
        episodes = self._recorder.take_episodes(wait=not last)
        means, step_of_means = self._recorder.take_means(), self._recorder.step
        with self._disk_errors_logged():
            try:
                file = self._file()
                for step, scalars in episodes:
                    file.scalars(scalars, step)
                file.scalars(means, step_of_means)
                if not self._manifest_written and (self._folder / RUN_FILE).exists():
                    self._write_manifest(file)
                    self._manifest_written = True
                file.flush()
            except OSError:
                self._close_file()  # readers stop at an incomplete record: continue in a new file
                raise

    def _close_file(self) -> None:
        """Close the event file; the next use creates another one."""
        events, self._events = self._events, None
        if events is not None:
            with contextlib.suppress(OSError):
                events.close()

    def _write_manifest(self, file: EventFile) -> None:
        """Write the run's manifest as texts."""
        try:
            content = read_json_object(self._folder / RUN_FILE)
        except ConfigurationError as error:
            self.get_logger().warning(f'not recorded: {error}')
            return
        for name in ('starts', 'parameters', 'algorithm', 'robot'):
            text = json.dumps(content.get(name), indent=2)
            file.text(f'run/{name}', as_markdown(name, text.splitlines()))

    def _file(self) -> EventFile:
        """Return the event file, opened at the first use."""
        if self._events is None:
            self._events = EventFile(self._folder / TENSORBOARD)
            self._events.charts(CHARTS)
        return self._events

    @contextlib.contextmanager
    def _disk_errors_logged(self) -> Iterator[None]:
        """Log disk errors instead of raising them; the recorder runs on without the data."""
        try:
            yield
        except OSError as error:
            self.get_logger().error(f'not recorded: {error}', throttle_duration_sec=60.0)


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(RecorderNode, args))


if __name__ == '__main__':
    main()
