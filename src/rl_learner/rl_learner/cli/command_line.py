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

"""Options, errors and exit codes that all `rl_...` tools share.

An option has the same name and meaning in every tool.
"""

import argparse
from collections.abc import Callable, Sequence
import difflib
import logging
import os
from pathlib import Path
import sys
from typing import NoReturn

from rich.console import Console
from rich.table import Table
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError, RlError
from rl_learner.system.ports import free_port

DONE, FAILED, WRONG_USAGE = 0, 1, 2
INTERRUPTED = 130  # as in shells after Ctrl-C

_EXIT_CODES = (
    f'exit codes: {DONE} done, {FAILED} failed or not reached, {WRONG_USAGE} wrong usage,'
    f' {INTERRUPTED} interrupted'
)
_PIPE_WIDTH = 160
_LOWEST_PORT = 1024  # lower ones are reserved for root


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Print the error with the closest known options, and exit with 2."""
        known = [name for action in self._actions for name in action.option_strings]
        words = message.split() if message.startswith('unrecognized') else ()
        given = [word.partition('=')[0] for word in words if word.startswith('--')]
        near = [name for word in given for name in difflib.get_close_matches(word, known, 1)]
        meant = f'; did you mean {" ".join(near)}?' if near else ''
        self.exit(WRONG_USAGE, f'{self.prog}: error: {message}{meant}; all options: --help\n')


def make_parser(
    name: str, description: str, examples: str, exit_codes: str = _EXIT_CODES
) -> argparse.ArgumentParser:
    """Return a parser with examples and exit codes in its help.

    Args:
        name: name of the command.
        description: one or two sentences.
        examples: command lines, each with a comment.
        exit_codes: meaning of the exit codes.
    """
    return Parser(
        prog=name,
        description=description,
        epilog=f'examples:\n{examples.strip(chr(10))}\n\n{exit_codes}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the policy."""
    parser.add_argument(
        'policy',
        type=Path,
        metavar='POLICY',
        help='folder of a run, checkpoint (RUN/checkpoints/*.pt), or policy file (.npz, .onnx,'
        ' TorchScript .pt, .zip of Stable-Baselines3)',
    )


def add_robot(parser: argparse._ActionsContainer, source: str = 'policy') -> None:
    """Add the option for the robot; its default comes from `source`, a policy or a run."""
    parser.add_argument(
        '--robot',
        default='',
        help=f"name of a robot description, or its YAML file; default: the {source}'s own",
    )


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder of all runs."""
    parser.add_argument(
        '--runs',
        type=Path,
        default=Path('runs'),
        help='folder of the run folders; default: %(default)s',
    )


def add_out(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the options for the output.

    Args:
        parser: parser to extend.
        text: help text: what is written, and the default.
    """
    parser.add_argument('--out', type=Path, help=text)
    parser.add_argument(
        '--force', action='store_true', help='replace an existing output; without it an error'
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option for JSON output."""
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object instead of a table'
    )


def add_port(parser: argparse._ActionsContainer, text: str) -> None:
    """Add the option for a TCP port, explained by `text`."""
    parser.add_argument('--port', type=at_least(_LOWEST_PORT), help=text)


def find_port(wanted: int | None) -> int:
    """Return the port of the option `--port`; without one, any free port.

    Raises:
        ConfigurationError: the wanted port is in use.
    """
    try:
        return free_port(wanted or 0)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f'--port: given {wanted}: {error}; accepted: a free TCP port from {_LOWEST_PORT} to'
            ' 65535'
        ) from error


def at_least(low: int) -> Callable[[str], int]:
    """Return a type for argparse: whole numbers of at least `low`."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low:
            raise argparse.ArgumentTypeError(
                f'given {text!r}; accepted: a whole number, at least {low}'
            )
        return value

    return convert


def refuse_to_overwrite(path: Path, *, force: bool) -> None:
    """Check that a result may be written to a path.

    Raises:
        ConfigurationError: the path exists and `force` is not set, or it cannot be written.
    """
    if path.exists() and not force:
        raise ConfigurationError(
            f'--out: given {path}: exists already; accepted: a new name, or --force to replace it'
        )
    parent = path.absolute()
    while not parent.exists():
        parent = parent.parent
    if not os.access(parent, os.W_OK) or (parent != path.absolute() and not parent.is_dir()):
        raise ConfigurationError(
            f'--out: given {path}: {parent} cannot be written; accepted: a writable folder'
        )


def confirm(option: str, question: str) -> bool:
    """Ask a question on the terminal; return whether the answer is yes.

    Args:
        option: option that needs the answer, for the error.
        question: text of the question.

    Raises:
        ConfigurationError: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(f'{option}: no terminal to ask on; accepted: with --yes')
    print(f'{question} Type yes: ', end='', file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() == 'yes'


def confirm_motion(robot: RobotDescription, namespace: str, episodes: int, *, yes: bool) -> None:
    """Ask a person whether the real robot may move.

    Args:
        robot: its description.
        namespace: of the robot.
        episodes: for how many it moves.
        yes: do not ask.

    Raises:
        ConfigurationError: the answer is not yes, or there is no terminal to ask on.
    """
    seconds = robot.episode_steps / robot.rate_hz
    name = f'{robot.name} in namespace /{namespace.strip("/")}'
    print(
        f'The real robot {name} will move for {episodes} episodes of at most {seconds:g} s.',
        file=sys.stderr,
    )
    if not yes and not confirm('--real', 'Is the area around the robot clear?'):
        raise ConfigurationError('--real: not confirmed, nothing moved; accepted: yes')


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal, or with a fixed width into a pipe or file."""
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


def run_tool(
    parser: argparse.ArgumentParser,
    tool: Callable[[argparse.Namespace], int],
    arguments: Sequence[str] | None,
) -> None:
    """Parse the command line, run the tool and exit with its code.

    Expected errors are printed in one line to stderr.
    """
    logging.basicConfig(format='%(message)s', level=logging.WARNING, stream=sys.stderr)
    options = parser.parse_args(arguments)
    try:
        code = tool(options)
        sys.stdout.flush()
    except ConfigurationError as error:
        code = _print_error(parser.prog, error, WRONG_USAGE)
    except (RlError, OSError) as error:
        code = _print_error(parser.prog, error, FAILED)
    except KeyboardInterrupt:
        print(f'{parser.prog}: interrupted', file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)


def _print_error(name: str, error: Exception, code: int) -> int:
    """Print an error; return the exit code."""
    print(f'{name}: error: {error}', file=sys.stderr)
    return code
