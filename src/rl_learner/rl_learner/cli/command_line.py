# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What the `rl_...` tools share: options, errors, exit codes.

Exit codes: 0 done, 1 failed or not reached, 2 wrong usage, 130 interrupted. An option has the
same name and meaning in each of them.
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
from rl_agent.errors import ConfigurationError, RlError

_WIDTH_ELSEWHERE = 160

DONE, FAILED, WRONG_USAGE = 0, 1, 2
INTERRUPTED = 130  # as shells have it for Ctrl-C

_CODES = 'exit codes: 0 done, 1 failed or not reached, 2 wrong usage, 130 interrupted'


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line; its help is there for those who ask."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, name the option that was perhaps meant, exit with 2."""
        known = [name for action in self._actions for name in action.option_strings]
        words = message.split() if message.startswith('unrecognized') else ()
        given = [word.partition('=')[0] for word in words if word.startswith('--')]
        near = [name for word in given for name in difflib.get_close_matches(word, known, 1)]
        meant = f'; did you mean {" ".join(near)}?' if near else ''
        self.exit(WRONG_USAGE, f'{self.prog}: error: {message}{meant}; all options: --help\n')


def make_parser(
    name: str, description: str, examples: str, codes: str = _CODES
) -> argparse.ArgumentParser:
    """Return a parser whose help teaches.

    Args:
        name: of the command.
        description: one or two sentences.
        examples: lines of commands, each with a comment.
        codes: what its exit codes mean.
    """
    return Parser(
        prog=name,
        description=description,
        epilog=f'examples:\n{examples.strip(chr(10))}\n\n{codes}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the policy to work on."""
    parser.add_argument(
        'policy',
        type=Path,
        metavar='POLICY',
        help='folder of a run, checkpoint (RUN/checkpoints/*.pt), or policy file (.npz, .onnx,'
        ' TorchScript .pt)',
    )


def add_robot(parser: argparse._ActionsContainer, whose: str = 'policy') -> None:
    """Add the robot that a policy, or whatever `whose` says, must fit."""
    parser.add_argument(
        '--robot',
        default='',
        help=f"name of a robot description, or its YAML file; default: the {whose}'s own",
    )


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Add the folder of all runs."""
    parser.add_argument(
        '--runs', type=Path, default=Path('runs'), help='where run folders are; default: runs'
    )


def add_out(parser: argparse.ArgumentParser, what: str) -> None:
    """Add where results go.

    Args:
        parser: to add to.
        what: is written where, with the default.
    """
    parser.add_argument('--out', type=Path, help=what)
    parser.add_argument(
        '--force', action='store_true', help='replace what is there; without it that is an error'
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the output for scripts."""
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object instead of a table'
    )


def at_least(low: int) -> Callable[[str], int]:
    """Return a type for argparse: whole numbers from `low` on."""

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
    """Do nothing where a result may be written.

    Raises:
        ConfigurationError: something is there, or the folder cannot be written.
    """
    if path.exists() and not force:
        raise ConfigurationError(
            f'--out: given {path}: exists already; accepted: a new name, or --force to replace it'
        )
    above = path.absolute()
    while not above.exists():
        above = above.parent
    if not os.access(above, os.W_OK) or (above != path.absolute() and not above.is_dir()):
        raise ConfigurationError(
            f'--out: given {path}: {above} cannot be written; accepted: a folder to write in'
        )


def print_table(table: Table) -> None:
    """Print a table; into a pipe or file as wide as it likes."""
    Console(width=None if sys.stdout.isatty() else _WIDTH_ELSEWHERE).print(table)


def run_tool(
    parser: argparse.ArgumentParser,
    tool: Callable[[argparse.Namespace], int],
    arguments: Sequence[str] | None,
) -> None:
    """Run a tool with the command line's options and exit with its code.

    An expected error is one line on stderr.
    """
    logging.basicConfig(format='%(message)s', level=logging.WARNING, stream=sys.stderr)
    options = parser.parse_args(arguments)
    try:
        code = tool(options)
        sys.stdout.flush()
    except ConfigurationError as error:
        code = _report(parser.prog, error, WRONG_USAGE)
    except (RlError, OSError) as error:
        code = _report(parser.prog, error, FAILED)
    except KeyboardInterrupt:
        print(f'{parser.prog}: interrupted', file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)


def _report(name: str, error: Exception, code: int) -> int:
    """Print an error; return the exit code."""
    print(f'{name}: error: {error}', file=sys.stderr)
    return code
