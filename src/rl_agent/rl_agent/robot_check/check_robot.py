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

"""The command line of `check_robot`: compares a robot with its description."""

import argparse
from collections.abc import Callable, Sequence
import json
from pathlib import Path
import signal
import sys
from typing import TYPE_CHECKING

from rl_agent.errors import ConfigurationError
from rl_agent.robot_check.live_display import is_terminal, LiveDisplay
from rl_agent.robot_check.report_text import report_text
from rl_agent.system.signal_safe_event import SignalSafeEvent
from rl_agent.system.tool_main import INTERRUPTED, run_ros_tool, tool_parser

if TYPE_CHECKING:
    from rl_agent.robot_check.check_report import CheckReport
    from rl_agent.robot_check.ros_robot_check import RobotCheck

_EXAMPLES = """
  check_robot my_arm.yaml                        # sensors, limits, command topic and reset
  check_robot my_arm.yaml --watch                # live, while you move it by hand
  check_robot my_arm.yaml --seen seen.png        # what the policy sees of the cameras
  check_robot my_arm.yaml --json                 # for programs
  check_robot quadruped --namespace robot_1      # one of a fleet
  check_robot my_arm.yaml --prefix left_         # its joints are left_shoulder, ...
  check_robot my_arm.yaml --seconds 20           # with an intermittent sensor
  check_robot pendulum --ros-args -r joint_states:=other/joint_states
"""
_EXIT_CODES = (
    'exit codes: 0 as described, 1 something differs, 2 the description cannot be used,'
    ' 130 interrupted'
)
_SECONDS, _REDRAW_S = 3.0, 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Check a robot and exit with 0 if it is as described."""
    run_ros_tool(_parse, _check, arguments)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = tool_parser(
        'check_robot',
        'Compare a robot with its description, without moving anything. Prints whether'
        '\nall observation fields, the command and the reset are as described, how old the'
        '\nvalues are at the control rate, what a policy would see, what could stop the robot,'
        '\nand the first command. Nothing is published.',
        _EXAMPLES,
        _EXIT_CODES,
    )
    parser.add_argument('robot', metavar='ROBOT', help='YAML file, or name in config/robots')
    parser.add_argument(
        '--seconds',
        type=float,
        help=f'how long to listen, s; default: {_SECONDS:g}; with --watch for each report, on a'
        f' terminal {_REDRAW_S:g}',
    )
    parser.add_argument('--namespace', default='', help='namespace of the robot, such as robot_1')
    parser.add_argument(
        '--prefix', default='', help='of its joints and frames, in place of {prefix}'
    )
    parser.add_argument(
        '--seen', type=Path, metavar='FILE', help='write what the policy sees of cameras as PNG'
    )
    parser.add_argument('--watch', action='store_true', help='go on until Ctrl-C')
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object, with --watch one a line'
    )
    return parser


def _parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options; exit with 2 if one is invalid."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.seconds is None:
        is_live = options.watch and not options.json and is_terminal()
        options.seconds = _REDRAW_S if is_live else _SECONDS
    if options.seen is not None and options.seen.suffix != '.png':
        parser.error(f'--seen: given {options.seen}; accepted: a file that ends in .png')
    if not 0.1 <= options.seconds <= 3600:
        parser.error(f'--seconds: given {options.seconds:g}; accepted: 0.1 to 3600')
    return options


def _check(options: argparse.Namespace, ros_args: list[str]) -> int:
    """Listen, print the report, return the exit code.

    Raises:
        ConfigurationError: the description cannot be used.
    """
    # imported here, so that the module itself needs no ROS
    from rl_agent.robot_check.ros_robot_check import RobotCheck
    from rl_agent.robot_interface.ros_robot_description import load_ros_robot

    description = load_ros_robot(options.robot, options.prefix)
    if options.seen is not None and not description.images:
        raise ConfigurationError(
            f'--seen: given with {description.name!r}, whose policy sees no images; accepted: with'
            ' a robot with cameras'
        )
    check = RobotCheck(description, options.namespace.strip('/'), ros_args)
    show = _printer(options)
    stop = SignalSafeEvent()
    if options.watch:
        _stop_on_interrupt(stop)
    try:
        check.find(options.seconds, stop.is_set)
        report = check.report()
        show(report)
        _write_seen(options, check)
        while options.watch and not stop.is_set():
            check.listen(options.seconds, stop.is_set)
            if not stop.is_set():
                show(check.report())
                _write_seen(options, check)
    finally:
        check.close()
    if stop.is_set():
        return INTERRUPTED
    return 1 if report.failed else 0


def _write_seen(options: argparse.Namespace, check: 'RobotCheck') -> None:
    """Write what the policy sees of cameras, if wanted and if there is a frame.

    Raises:
        ConfigurationError: it cannot be written.
    """
    if options.seen is None:
        return
    try:
        if not check.write_images(options.seen):
            print(f'{options.seen}: not written: no frame fits', file=sys.stderr)
    except OSError as error:
        raise ConfigurationError(
            f'--seen: given {options.seen}: {error.strerror}; accepted: a file to write'
        ) from error


def _stop_on_interrupt(stop: SignalSafeEvent) -> None:
    """Set an event on the first Ctrl-C: an exception may be lost in a callback of rclpy."""

    def note(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGINT, note)


def _printer(options: argparse.Namespace) -> 'Callable[[CheckReport], None]':
    """Return what prints a report."""
    if options.json:
        return lambda report: print(json.dumps(report.as_json()), flush=True)
    if not options.watch:
        return lambda report: print(report_text(report))
    if is_terminal():
        display = LiveDisplay()
        return lambda report: display.show(report_text(report, with_command=False))
    return lambda report: print(f'{report_text(report, with_command=False)}\n', flush=True)


if __name__ == '__main__':
    main()
