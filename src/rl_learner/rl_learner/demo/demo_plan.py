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

"""What a demo runs: its description with the options of the command line."""

from dataclasses import dataclass
import json
import os
from pathlib import Path
from typing import Any

from rl_agent.bounded_files import read_json_object
from rl_agent.bringup.node_specs import NodeSpec
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_learner.bringup.node_specs import simulation_namespaces, simulation_nodes
from rl_learner.demo.demo_description import DemoDescription
from rl_learner.demo.demonstration_plan import DemonstrationPlan, scripted_person
from rl_learner.demo.evaluation_schedule import fitting_episodes
from rl_learner.run.folder import DEMO_FILE, DEMONSTRATIONS
from rl_learner.system.domain import MOST_LOCAL_PARTICIPANTS

# besides robots and agents: learner, replay bridge, recorder, and the demo itself
MOST_ROBOTS_WITH_TOPICS = (MOST_LOCAL_PARTICIPANTS - 4) // 2
# option of the command line to attribute of the plan; what `--resume` needs
_STORED_OPTIONS = {
    'robot': 'demo',
    'algorithm': 'algorithm',
    'seed': 'seed',
    'robots': 'robots',
    'steps': 'max_steps',
    'vectorised': 'vectorised',
}


@dataclass(frozen=True)
class DemoPlan:
    """A run with checked options.

    Attributes:
        demo: name or file of the demo.
        description: description of the demo.
        robot: description of the robot.
        algorithm: name or file of the algorithm.
        seed: seed of all random numbers.
        robots: number of robots, each in its own namespace.
        max_steps: maximum of control steps of all robots together.
        port: TCP port of the Reverb server.
        domain: ROS domain id, reserved by this process.
        folder: folder of the run.
        vectorised: all robots in one process.
        algorithm_file: copy of the algorithm's file in the run's folder, if it is a file.
        devices: processes of the learner; another number may resume the run.
    """

    demo: str
    description: DemoDescription
    robot: RobotDescription
    algorithm: str
    seed: int
    robots: int
    max_steps: int
    port: int
    domain: int
    folder: Path
    vectorised: bool = False
    algorithm_file: str = ''
    devices: int = 1

    @property
    def namespaces(self) -> list[str]:
        """Namespace of each robot."""
        return simulation_namespaces(self.robots)

    @property
    def evaluation_episodes(self) -> int:
        """Episodes of one evaluation; in a short run fewer than described."""
        return fitting_episodes(
            self.description.evaluation_episodes,
            max_steps=self.max_steps,
            episode_steps=self.robot.episode_steps,
            robots=self.robots,
        )

    def node_specs(self) -> list[NodeSpec]:
        """Return the nodes to run: learner, replay bridge, then each robot and its agent."""
        description = self.description
        # updates_to_data of the demo is tuned for the demo's algorithm
        tuned = self.algorithm == description.algorithm
        nodes = simulation_nodes(
            description.robot,
            self.algorithm_file or self.algorithm,
            self.port,
            robots=self.robots,
            seed=self.seed,
            max_steps=self.max_steps,
            max_steps_ahead=description.max_steps_ahead,
            run_folder=str(self.folder),
            warmup=description.warmup,
            updates_to_data=description.updates_to_data if tuned else 0.0,
            status_rate_hz=10.0,
            checkpoint_period_s=description.checkpoint_period_s,
            record_period_s=1.0,
            vectorised=self.vectorised,
            devices=self.devices,
            threads=max(1, (os.cpu_count() or 1) // 2),  # the other processes need cores, too
        )
        if description.person is not None and description.person.takes_over:
            nodes += [
                scripted_person(description.robot, space, self.seed + number, takes_over=True)
                for number, space in enumerate(self.namespaces)
            ]
        return nodes

    @property
    def demonstrations(self) -> DemonstrationPlan | None:
        """What a scripted person has to show before the run; None: nothing, or it is stored."""
        person = self.description.person
        stored = self.folder / DEMONSTRATIONS
        if person is None or not person.demonstrations or stored.exists():
            return None
        return DemonstrationPlan(
            robot=self.description.robot,
            folder=self.folder,
            episodes=person.demonstrations,
            only_successes=True,
            scripted=True,
            seed=self.seed,
        )

    def write_options(self) -> None:
        """Store the options of the demo for `--resume`."""
        content = {option: getattr(self, name) for option, name in _STORED_OPTIONS.items()}
        text = json.dumps(content, indent=2) + '\n'
        (self.folder / DEMO_FILE).write_text(text, encoding='utf-8')


def read_options(folder: Path) -> dict[str, Any]:
    """Return the options that the demo of a run was started with.

    Raises:
        ConfigurationError: the folder is not the run folder of a demo.
    """
    try:
        content = {'vectorised': False, **read_json_object(folder / DEMO_FILE)}
        return {option: _checked(option, content[option]) for option in _STORED_OPTIONS}
    except (ConfigurationError, KeyError) as error:
        raise ConfigurationError(
            f'given {folder}: {DEMO_FILE} cannot be read: {error}; accepted: the run folder of a'
            ' demo'
        ) from error


def _checked(option: str, value: Any) -> Any:
    """Return the value of a stored option.

    Raises:
        ConfigurationError: it has another type than the option, or is negative.
    """
    kind = {'robot': str, 'algorithm': str, 'vectorised': bool}.get(option, int)
    if type(value) is not kind or (isinstance(value, int) and value < 0):
        accepted = {str: 'a text', bool: 'true or false'}.get(kind, 'a whole number, 0 or more')
        raise ConfigurationError(f'{option}: given {str(value)[:60]!r}; accepted: {accepted}')
    return value
