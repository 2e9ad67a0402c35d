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

"""`rl_import`: import recordings into a run's experience and thereby into its replay."""

import argparse
from collections.abc import Sequence
import dataclasses
import json
import math
from pathlib import Path
import sys

from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.system.folders import checked_namespace
from rl_learner.cli import command_line
from rl_learner.recordings.importer import (
    import_batches,
    journal_to_teach_from,
    Source,
    source_of,
)
from rl_learner.recordings.lerobot_recording import is_lerobot_dataset, LeRobotRecording
from rl_learner.run.identity import check_robot
from rl_learner.run.manifest import refuse_other_robot, robot_of_run, RUN_FILE

_EXAMPLES = """
  rl_import bags/monday bags/tuesday --run runs/first   # recordings of the topic `transitions`
  rl_import runs/first --run runs/second                # all of another run of the same robot
  rl_import bags/monday --run runs/new --robot pendulum # into a run that has not started
  rl_import datasets/first-lerobot --run runs/first     # a LeRobotDataset, with rewards
  rl_import bags/teleop --run runs/first --raw          # sensors and commands of a robot
  rl_import runs/first --run runs/new --demonstrations  # what a person did there, to learn from
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_import',
        "Store recorded transitions in a run's experience; at its next start, the learner finds"
        '\nthem in its replay. Duplicates are ignored, so importing twice is harmless. The learner'
        '\nand the replay bridge of the run must not be running.',
        _EXAMPLES,
    )
    parser.add_argument(
        'files',
        nargs='+',
        type=Path,
        metavar='FILE',
        help='rosbag2 folder, .mcap or .db3 file, a run, or the folder of a LeRobotDataset',
    )
    parser.add_argument(
        '--run', type=Path, required=True, help='folder of the run to import into; may be new'
    )
    command_line.add_robot(parser, 'run')
    parser.add_argument(
        '--demonstrations',
        action='store_true',
        help="into the run's demonstrations, as done by a person; of a run, its demonstrations",
    )
    raw = parser.add_argument_group('recordings of a robot without an agent')
    raw.add_argument(
        '--raw',
        action='store_true',
        help="rebuild transitions from the robot's sensor and command topics and its description",
    )
    raw.add_argument('--namespace', default='', help='of the robot, such as robot_1')
    raw.add_argument(
        '--prefix', default='', help="of the robot's joints and frames, such as left_"
    )
    raw.add_argument(
        '--episode-gap-s',
        type=_seconds,
        metavar='S',
        help='longer time without a command ends an episode; default: two control periods, or two'
        ' of the commands if these are slower',
    )
    command_line.add_json(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Import the recordings."""
    run = options.run.expanduser()
    if options.prefix and not options.robot:
        raise ConfigurationError(
            '--prefix: given without --robot; accepted: with the file that has {prefix}'
        )
    for path in options.files:
        if not path.exists():
            raise ConfigurationError(f'FILE: given {path}: no such file; accepted: a recording')
        if path.resolve() == run.resolve():
            raise ConfigurationError(f'FILE: given {path}: the run itself; accepted: another run')
    robot = _robot(run, options.robot)
    if options.demonstrations:
        options.files = [journal_to_teach_from(path) for path in options.files]
    sources = _sources(options, robot)
    counts = import_batches(run, sources, Spaces(robot), demonstrations=options.demonstrations)
    left_out = sum(item.left_out for item in sources if isinstance(item, LeRobotRecording))
    if left_out:
        print(
            f'{left_out:,} last frames of episodes were left out: a LeRobotDataset does not have'
            ' the observation after them',
            file=sys.stderr,
        )
    what = 'demonstrations' if options.demonstrations else 'transitions'
    if options.json:
        print(json.dumps({'run': str(run), **dataclasses.asdict(counts)}))
    else:
        print(
            f'{run}: {counts.imported:,} {what} imported, {counts.duplicate:,} already'
            f' there, {counts.missing:,} missing in between, {counts.refused:,} refused;'
            f' {counts.total:,} {what} in the run now'
        )
    return command_line.FAILED if counts.nothing_good else command_line.DONE


def _sources(options: argparse.Namespace, robot: RobotDescription) -> list[Source]:
    """Return a source of batches for each file."""
    if options.raw:
        for path in filter(is_lerobot_dataset, options.files):
            raise ConfigurationError(
                f'--raw: given with {path}, a LeRobotDataset; accepted: without --raw'
            )
        # imported here because only this needs ROS
        from rl_learner.recordings.ros_raw_recording import RawOptions, RawRecording

        raw_options = RawOptions(
            checked_namespace(options.namespace, '--namespace'), options.episode_gap_s
        )
        of_this_robot = None
        if options.prefix:
            of_this_robot = load_robot(options.robot, prefix=options.prefix)
        return [RawRecording(path, robot, raw_options, of_this_robot) for path in options.files]
    for name in ('namespace', 'episode_gap_s', 'prefix'):
        if getattr(options, name):
            raise ConfigurationError(
                f'--{name.replace("_", "-")}: given without --raw; accepted: with --raw'
            )
    return [source_of(path, robot) for path in options.files]


def _seconds(text: str) -> float:
    """Return a positive time in seconds, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'given {text!r}; accepted: seconds, above 0')
    return value


def _robot(run: Path, name: str) -> RobotDescription:
    """Return the robot of the run.

    Raises:
        ConfigurationError: the robot is unknown, or not the named one.
    """
    robot = robot_of_run(run, name)
    if name and (run / RUN_FILE).is_file():
        of_run = robot_of_run(run, '')
        refuse_other_robot(run, of_run, load_robot(name))
    check_robot(run, Spaces(robot))
    return robot


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
