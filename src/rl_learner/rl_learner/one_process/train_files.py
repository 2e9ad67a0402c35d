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

"""The files of a run of `rl_train`: its options, and the robot that it began with."""

from dataclasses import asdict, dataclass
import json
from pathlib import Path

from rl_agent.bounded_files import read_json_object
from rl_agent.configuration import build
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.gymnasium_tasks.task_robot import ROBOT_YAML
from rl_agent.simulation.in_process_robot import InProcessRobot
from rl_learner.run.folder import TRAIN_FILE


@dataclass(frozen=True)
class TrainOptions:
    """What a run of `rl_train` began with.

    Attributes:
        robot: name of a robot, or `robot.yaml` in the run's folder.
        algorithm: name or file.
        seed: of everything random.
        robots: how many.
        steps: of the first start.
        evaluate_every: steps between two evaluations.
        evaluation_episodes: of one evaluation.
    """

    robot: str
    algorithm: str
    seed: int
    robots: int
    steps: int
    evaluate_every: int
    evaluation_episodes: int

    def write(self, folder: Path) -> None:
        """Write them into a run's folder."""
        text = json.dumps(asdict(self), indent=2) + '\n'
        (folder / TRAIN_FILE).write_text(text, encoding='utf-8')


def read_train_options(folder: Path) -> TrainOptions:
    """Return the options of a run.

    Raises:
        ConfigurationError: the folder is not that of a run of `rl_train`.
    """
    try:
        return build(TrainOptions, read_json_object(folder / TRAIN_FILE), TRAIN_FILE)
    except ConfigurationError as error:
        raise ConfigurationError(
            f'given {folder}: {error}; accepted: the run folder of rl_train'
        ) from error


def load_run_robot(folder: Path, name: str) -> RobotDescription:
    """Return the robot of a run.

    Raises:
        ConfigurationError: it cannot be loaded, or cannot be simulated.
    """
    robot = load_robot(str(folder / ROBOT_YAML) if name == ROBOT_YAML else name)
    InProcessRobot(robot, seed=0)  # so that a wrong simulation is found before a run begins
    return robot
