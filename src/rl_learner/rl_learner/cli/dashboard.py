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

"""`rl_dashboard`: TensorBoard on one or all runs, during training and afterwards."""

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import sys

from rl_agent.errors import ConfigurationError
from rl_learner.cli import command_line
from rl_learner.run.folder import TENSORBOARD
from rl_learner.system.ports import free_port

_EXAMPLES = """
  rl_dashboard                       # all runs in runs/
  rl_dashboard runs/first --port 7000
  make dashboard RUN=runs/first      # the same, from the project's folder
"""
_DEFAULT_PORT = 6006


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_dashboard',
        'Open TensorBoard on a run or on all runs: losses, Q, returns and their parts, control'
        '\nloops, and the configuration of each run. docs/tools.md explains each curve.',
        _EXAMPLES,
    )
    parser.add_argument(
        'run',
        nargs='?',
        type=Path,
        metavar='RUN',
        help='folder of a run; default: all runs in --runs',
    )
    command_line.add_runs(parser)
    command_line.add_port(parser, f'TCP port of the page; default: {_DEFAULT_PORT}, or a free one')
    return parser


def _run(options: argparse.Namespace) -> int:
    """Check the options, then replace this process by TensorBoard."""
    folder = options.run or options.runs
    if not any(folder.glob(f'**/{TENSORBOARD}/events.*')):
        raise ConfigurationError(
            f'run: given {folder}: no {TENSORBOARD}/ with events in it; accepted: the folder of a'
            ' run that has started, or a folder of such runs'
        )
    port = _find_port(options.port)
    # hide TensorFlow's warnings about GPUs
    os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
    arguments = ['--logdir', str(folder), '--port', str(port), '--host', 'localhost']
    arguments += ['--reload_interval', '5']
    print(f'http://localhost:{port}/ shows {folder}; Ctrl-C stops it', flush=True)
    os.execv(sys.executable, [sys.executable, '-m', 'tensorboard.main', *arguments])


def _find_port(wanted: int | None) -> int:
    """Return the wanted port; without one the default port, or a free one if that is in use."""
    if wanted is not None:
        return command_line.find_port(wanted)
    try:
        return free_port(_DEFAULT_PORT)
    except OSError:
        return free_port()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
