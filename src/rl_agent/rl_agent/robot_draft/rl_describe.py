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

"""The command line of `rl_describe`: writes a first description of a running robot."""

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import sys

from rl_agent.errors import ConfigurationError
from rl_agent.robot_draft.draft_file import make_draft
from rl_agent.robot_draft.draft_top import Draft
from rl_agent.system.atomic_file import atomic_file
from rl_agent.system.discovery_advice import discovery_advice
from rl_agent.system.tool_main import run_ros_tool, tool_parser

_EXAMPLES = """
  rl_describe                                    # everything in this ROS domain
  rl_describe --out my_arm.yaml --seconds 20     # with sensors that come rarely
  rl_describe --namespace robot_1                # one of a fleet
  rl_describe --topics '/joint_states' '/imu*' '/arm_controller/*'
  rl_describe --shipped none                     # not by a shipped description that fits
  rl_describe --out -                            # print it
"""
_EXIT_CODES = (
    'exit codes: 0 written, 1 nothing was heard, 2 wrong usage or the file exists, 130 interrupted'
)
_NOTHING = 1
_PRINTED = Path('-')


def main(arguments: Sequence[str] | None = None) -> None:
    """Describe a robot and exit with 0 if the description was written."""
    run_ros_tool(_parse, _describe, arguments)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = tool_parser(
        'rl_describe',
        'Listen to a running robot and write a first description of it: sensors with'
        '\ntheir rates, joints with the limits of the URDF, and the commands that it takes.'
        '\nWhere a shipped description fits, it begins with that one.'
        '\nNothing is published. What cannot be known is a placeholder that the loader refuses;'
        '\nwhat is a guess says so.',
        _EXAMPLES,
        _EXIT_CODES,
    )
    parser.add_argument(
        '--out',
        '--output',
        type=Path,
        metavar='FILE',
        help='file to write, - for the terminal; default: NAME.yaml, by the name in the URDF',
    )
    parser.add_argument('--force', action='store_true', help='replace an existing file')
    parser.add_argument('--namespace', default='', help='namespace of the robot, such as robot_1')
    parser.add_argument(
        '--seconds', type=float, default=5.0, help='how long to listen, s; default: %(default)g'
    )
    parser.add_argument(
        '--topics',
        nargs='+',
        default=[],
        metavar='TOPIC',
        help='full names of the only topics to look at, with * for any letters',
    )
    parser.add_argument(
        '--shipped',
        default='',
        metavar='NAME',
        help='shipped description to begin with, or none; default: the one that fits best',
    )
    return parser


def _parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options; exit with 2 if one is invalid."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if not 0.5 <= options.seconds <= 3600:
        parser.error(f'--seconds: given {options.seconds:g}; accepted: 0.5 to 3600')
    return options


def _describe(options: argparse.Namespace, ros_args: list[str]) -> int:
    """Listen, write the description, say what is missing; return the exit code.

    Raises:
        ConfigurationError: the file exists or cannot be written, or there are several robots.
    """
    # imported here, so that the module itself needs no ROS
    from rl_agent.robot_survey.ros_survey import RobotSurvey

    if options.out is not None:
        _refuse_existing(options.out, force=options.force)
    survey = RobotSurvey(options.namespace.strip('/'), ros_args, options.topics)
    try:
        found = survey.listen(options.seconds)
    finally:
        survey.close()
    if not found.topics:
        where = f' in namespace {found.namespace}' if found.namespace else ''
        print(
            f'rl_describe: no topic of a robot was found{where} in {options.seconds:g} s.'
            f' {discovery_advice(os.environ)}',
            file=sys.stderr,
        )
        return _NOTHING
    draft = make_draft(found, options.shipped)
    path = options.out or Path(f'{draft.name}.yaml')
    if path == _PRINTED:
        print(draft.text, end='')
        return 0
    _write(path, draft.text, force=options.force)
    print(_summary(path, draft))
    return 0


def _refuse_existing(path: Path, *, force: bool) -> None:
    """Check that a file may be written.

    Raises:
        ConfigurationError: it exists, and `force` is not set; or its folder does not.
    """
    if path == _PRINTED:
        return
    if path.exists() and not force:
        raise ConfigurationError(
            f'--out: given {path}: exists already; accepted: a new name, or --force to replace it'
        )
    if not path.absolute().parent.is_dir():
        raise ConfigurationError(f'--out: given {path}; accepted: a file in an existing folder')


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write the file.

    Raises:
        ConfigurationError: it exists, and `force` is not set; or it cannot be written.
    """
    _refuse_existing(path, force=force)
    try:
        with atomic_file(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise ConfigurationError(
            f'--out: given {path}: {error.strerror}; accepted: a file that can be written'
        ) from error


def _summary(path: Path, draft: Draft) -> str:
    """Return what was written, and what a person does next."""
    lines = [f'{path}: written. To fill in by hand:']
    lines += [f'  - {item}' for item in draft.to_fill_in]
    if draft.notes:
        lines += ['noticed:', *(f'  - {item}' for item in draft.notes)]
    words = ' '.join(['check_robot', str(path), *draft.options])
    return '\n'.join([*lines, f'then: {words}'])


if __name__ == '__main__':
    main()
