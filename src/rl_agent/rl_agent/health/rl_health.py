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

"""The command line of `rl_health`: says whether a node works, for health checks."""

import argparse
from collections.abc import Sequence

from rl_agent.system.tool_main import run_ros_tool, tool_parser

_EXAMPLES = """
  rl_health learner                       # of the learner machine
  rl_health /robot_1/agent --seconds 20   # of a robot whose resets take long
"""
_EXIT_CODES = (
    'exit codes: 0 it works or waits, 1 it hangs or does not report, 2 wrong usage,'
    ' 130 interrupted'
)
_HANGS = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Listen to a node and exit with 0 if it works."""
    run_ros_tool(_parse, _check, arguments)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = tool_parser(
        'rl_health',
        'Say whether a node works, by its /diagnostics: it reports, and while it'
        '\ntrains or moves a robot, its updates or steps go on. A node that waits is healthy.'
        '\nNothing is published.',
        _EXAMPLES,
        _EXIT_CODES,
    )
    parser.add_argument('node', metavar='NODE', help='full name, such as learner, robot_1/agent')
    parser.add_argument(
        '--seconds',
        type=float,
        default=10.0,
        help='how long to wait for a report, and for work to go on, s; default: %(default)g',
    )
    return parser


def _parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options; exit with 2 if one is invalid."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if not 1 <= options.seconds <= 3600:
        parser.error(f'--seconds: given {options.seconds:g}; accepted: 1 to 3600')
    return options


def _check(options: argparse.Namespace, ros_args: list[str]) -> int:
    """Listen, print one line, return the exit code."""
    # imported here, so that the module itself needs no ROS
    from rl_agent.health.ros_health_watch import HealthWatch

    name = f'/{options.node.strip("/")}'
    watch = HealthWatch(name, ros_args)
    try:
        verdict = watch.listen(options.seconds)
    finally:
        watch.close()
    if verdict.is_healthy:
        print(f'{name}: {verdict.text}')
        return 0
    print(f'{name}: {verdict.text} in {options.seconds:g} s')
    return _HANGS


if __name__ == '__main__':
    main()
