# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The command line of `check_robot`: compares a robot with its description."""

import argparse
from collections.abc import Sequence
import sys

from rl_agent.errors import ConfigurationError, WRONG_CONFIGURATION
from rl_agent.robot_check.report import format_table

_EXAMPLES = """
  check_robot my_arm.yaml                        # sensors, command topic and reset
  check_robot quadruped --namespace robot_1      # one of a fleet
  check_robot my_arm.yaml --prefix left_         # its joints are left_shoulder, ...
  check_robot my_arm.yaml --seconds 20           # with an intermittent sensor
  check_robot pendulum --ros-args -r joint_states:=other/joint_states
"""
_EXIT_CODES = (
    'exit codes: 0 as described, 1 something differs, 2 the description cannot be used,'
    ' 130 interrupted'
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Check a robot and exit with 0 if it is as described."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    split = given.index('--ros-args') if '--ros-args' in given else len(given)
    options = _parse(given[:split])
    try:
        code = _check(options, given[split:])
    except ConfigurationError as error:
        print(f'error: {error}', file=sys.stderr)
        code = WRONG_CONFIGURATION
    except KeyboardInterrupt:
        code = 130  # the exit code of shells after Ctrl-C
    sys.exit(code)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog='check_robot',
        description='Compare a robot with its description, without moving anything. Prints a table'
        '\nof all observation fields, the command and the reset service.',
        epilog=f'examples:\n{_EXAMPLES.strip(chr(10))}\n\n{_EXIT_CODES}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument('robot', metavar='ROBOT', help='YAML file, or name in config/robots')
    parser.add_argument(
        '--seconds', type=float, default=3.0, help='how long to listen, s; default: %(default)g'
    )
    parser.add_argument('--namespace', default='', help='namespace of the robot, such as robot_1')
    parser.add_argument(
        '--prefix', default='', help='of its joints and frames, in place of {prefix}'
    )
    return parser


def _parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options; exit with 2 if one is invalid."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if not 0.1 <= options.seconds <= 3600:
        parser.error(f'--seconds: given {options.seconds:g}; accepted: 0.1 to 3600')
    return options


def _check(options: argparse.Namespace, ros_args: list[str]) -> int:
    """Listen, print the table, return the exit code.

    Raises:
        ConfigurationError: the description cannot be used.
    """
    # imported here, so that the module itself needs no ROS
    from rl_agent.robot_check.ros_robot_check import RobotCheck
    from rl_agent.robot_interface.ros_robot_description import load_ros_robot

    description = load_ros_robot(options.robot, options.prefix)
    check = RobotCheck(description, options.namespace.strip('/'), ros_args)
    try:
        command = check.first_command()
        rows = check.run(options.seconds)
    finally:
        check.close()
    print(format_table(rows))
    action = description.action
    which = 'its default' if action.default else 'the middle of its bounds'
    print(f'\nfirst command, {which}, as {action.type}; all else is 0 or empty:')
    print('\n'.join(f'  {line}' for line in command))
    if check.alone:
        print(
            f'\nNo other ROS node was found in ROS domain {check.domain}.'
            ' Is the robot switched on, and in this domain?'
        )
    if check.simulated:
        print(
            '\nThe robot is simulated and may wait for commands: rates and ages were not checked.'
        )
    failed = sum(bool(row.problems) for row in rows)
    verdict = f'{failed} of {len(rows)} failed' if failed else 'everything is as described'
    print(f'\n{description.name}: {verdict}')
    return 1 if failed else 0


if __name__ == '__main__':
    main()
