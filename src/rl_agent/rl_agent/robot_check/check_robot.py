# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Compares a robot with its description, without moving anything."""

import argparse
from collections.abc import Sequence
import sys

from rl_agent.errors import ConfigurationError, WRONG_CONFIGURATION
from rl_agent.robot_check.report import table

_EXAMPLES = """
  check_robot my_arm.yaml                        # its sensors, its command topic, its reset
  check_robot quadruped --namespace robot_1      # one of a fleet
  check_robot my_arm.yaml --seconds 20           # a sensor that comes and goes
  check_robot pendulum --ros-args -r joint_states:=other/joint_states
"""
_CODES = (
    'exit codes: 0 all is as described, 1 something is not, 2 the description cannot be used,'
    ' 130 interrupted'
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Check a robot; see the module."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    split = words.index('--ros-args') if '--ros-args' in words else len(words)
    options = _parse(words[:split])
    try:
        code = _check(options, words[split:])
    except ConfigurationError as error:
        print(f'error: {error}', file=sys.stderr)
        code = WRONG_CONFIGURATION
    except KeyboardInterrupt:
        code = 130  # as shells have it for Ctrl-C
    sys.exit(code)


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog='check_robot',
        description='Compare a robot with its description, without moving anything: a table of'
        '\nall observation fields, of the command and of the reset service.',
        epilog=f'examples:\n{_EXAMPLES.strip(chr(10))}\n\n{_CODES}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument('robot', metavar='ROBOT', help='YAML file, or a name in config/robots')
    parser.add_argument(
        '--seconds', type=float, default=3.0, help='how long to listen; default: 3'
    )
    parser.add_argument('--namespace', default='', help='of the robot, as in robot_1')
    return parser


def _parse(words: list[str]) -> argparse.Namespace:
    """Return the options; exits with 2 for a wrong one."""
    parser = make_parser()
    options = parser.parse_args(words)
    if not 0.1 <= options.seconds <= 3600:
        parser.error(f'--seconds: given {options.seconds:g}; accepted: 0.1 to 3600')
    return options


def _check(options: argparse.Namespace, ros_args: list[str]) -> int:
    """Listen, print the table, return the exit code.

    Raises:
        ConfigurationError: the description cannot be used.
    """
    # here, so that the module itself needs no ROS
    from rl_agent.robot_check.ros_robot_check import RobotCheck
    from rl_agent.robot_interface.ros_robot_description import load_ros_robot

    description = load_ros_robot(options.robot)
    check = RobotCheck(description, options.namespace.strip('/'), ros_args)
    try:
        rows = check.run(options.seconds)
    finally:
        check.close()
    print(table(rows))
    if check.alone:
        print(
            f'\nNo other ROS node was found in ROS domain {check.domain}.'
            ' Is the robot switched on, and in this domain?'
        )
    if check.simulated:
        print(
            '\nThe robot is a simulated one, which may stand still until it is commanded: neither'
            ' rates nor ages were judged.'
        )
    bad = sum(bool(row.problems) for row in rows)
    print(f'\n{description.name}: {f"{bad} of {len(rows)} bad" if bad else "all is as described"}')
    return 1 if bad else 0


if __name__ == '__main__':
    main()
