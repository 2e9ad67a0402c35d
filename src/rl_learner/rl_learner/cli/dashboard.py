# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""`rl_dashboard`: TensorBoard on the runs there are, while they train and afterwards."""

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
  make dashboard RUN=runs/first      # the same from the project's folder
"""
_USUAL_PORT = 6006


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_dashboard',
        'Open TensorBoard on a run or on all runs: losses, Q, returns and their parts, control'
        '\nloops, the configuration of each run. docs/tools.md says what each curve is.',
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
    parser.add_argument(
        '--port',
        type=command_line.at_least(1024),
        help=f'TCP port of the page; default: {_USUAL_PORT}, or a free one',
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    """Check, then become TensorBoard."""
    folder = options.run or options.runs
    if not any(folder.glob(f'**/{TENSORBOARD}/events.*')):
        raise ConfigurationError(
            f'run: given {folder}: no {TENSORBOARD}/ with events in it; accepted: the folder of a'
            ' run that has begun, or a folder of such runs'
        )
    port = _port(options.port)
    # what TensorFlow says of graphics cards is no concern of somebody who looks at curves
    os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
    arguments = ['--logdir', str(folder), '--port', str(port), '--host', 'localhost']
    arguments += ['--reload_interval', '5']
    print(f'http://localhost:{port}/ shows {folder}; Ctrl-C ends it', flush=True)
    os.execv(sys.executable, [sys.executable, '-m', 'tensorboard.main', *arguments])


def _port(wanted: int | None) -> int:
    """Return the wanted port, or a free one.

    Raises:
        ConfigurationError: the wanted one is in use.
    """
    try:
        return free_port(wanted or _USUAL_PORT)
    except (OSError, OverflowError) as error:
        if wanted is None:
            return free_port()
        raise ConfigurationError(
            f'--port: given {wanted}: {error}; accepted: a free TCP port from 1024 to 65535'
        ) from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
