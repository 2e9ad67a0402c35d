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

"""`rl_runs`: list runs, resume one, delete others."""

import argparse
from collections.abc import Sequence
import contextlib
import json
import os
from pathlib import Path
import shutil
import sys

from rich.table import Table
from rl_agent.errors import ConfigurationError
from rl_learner.cli import command_line
from rl_learner.journal.journal import JOURNAL_LOCK
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE
from rl_learner.run.listing import (
    as_json,
    as_shell,
    is_run,
    list_runs,
    read_entry,
    resume_command,
    RunEntry,
)
from rl_learner.run.lock import kept_unused, LOCK_FILE

_EXAMPLES = """
  rl_runs                              # the runs in runs/ and their states
  rl_runs --runs /data/runs --json     # for scripts
  rl_runs --resume runs/first          # print the command that resumes it
  rl_runs --resume runs/first --start  # run that command
  rl_runs --delete runs/old runs/bad   # asks first, unless with --yes
"""
_STYLES = {'running': 'green', 'crashed': 'red', 'stopped': '', 'not started': 'yellow'}


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_runs',
        'List the runs in a folder: robot, algorithm, steps, best return, state, size. A run is'
        '\nrunning while its learner is alive, stopped if it ended on request, else crashed.',
        _EXAMPLES,
    )
    command_line.add_runs(parser)
    command_line.add_json(parser)
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        '--resume', type=Path, metavar='RUN', help='print the command that resumes a run'
    )
    action.add_argument(
        '--delete', type=Path, nargs='+', metavar='RUN', help='delete runs, after asking'
    )
    parser.add_argument('--start', action='store_true', help='with --resume: run the command')
    parser.add_argument('--yes', action='store_true', help='with --delete: do not ask')
    return parser


def _run(options: argparse.Namespace) -> int:
    """Run the requested action."""
    if options.start and not options.resume:
        raise ConfigurationError('--start: given without --resume; accepted: with --resume RUN')
    if options.yes and not options.delete:
        raise ConfigurationError('--yes: given without --delete; accepted: with --delete RUN')
    if options.json and (options.resume or options.delete):
        raise ConfigurationError('--json: given with --resume or --delete; accepted: without')
    if options.resume:
        return _resume(options.resume, start=options.start)
    if options.delete:
        return _delete(options.delete, yes=options.yes)
    entries = list_runs(options.runs)
    if options.json:
        print(json.dumps({'runs': [as_json(entry) for entry in entries]}))
    elif entries:
        _print(entries)
    else:
        print(f'no runs in {options.runs}; `make demo` creates one')
    return command_line.DONE


def _print(entries: Sequence[RunEntry]) -> None:
    """Print a row for each run, and the problems of damaged runs."""
    table = Table()
    for name in ('run', 'robot', 'algorithm', 'state', 'steps', 'best', 'size', 'started'):
        justify = 'right' if name in ('steps', 'best', 'size') else 'left'
        table.add_column(name, justify=justify, overflow='fold')  # type: ignore[arg-type]
    for item in entries:
        style = _STYLES[item.state]
        table.add_row(
            item.folder.name,
            item.robot,
            item.algorithm,
            f'[{style}]{item.state}[/]' if style else item.state,
            f'{item.steps:,}',
            '-' if item.best_return is None else f'{item.best_return:.1f}',
            f'{item.bytes / 1e6:.1f} MB',
            item.started[:16].replace('T', ' '),
        )
    command_line.print_table(table)
    for item in entries:
        if item.problem:
            print(item.problem, file=sys.stderr)


def _resume(folder: Path, *, start: bool) -> int:
    """Print the command that resumes a run; with `start`, replace this process by it."""
    command = resume_command(folder)
    print(as_shell(command), flush=True)
    if not start:
        return command_line.DONE
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise ConfigurationError(
            f'--start: {command[0]}: {error.strerror}; accepted: after sourcing ROS 2, see'
            ' docs/launch.md'
        ) from error


def _delete(folders: Sequence[Path], *, yes: bool) -> int:
    """Delete runs, after a confirmation unless `yes` is set."""
    entries = []
    for folder in folders:
        if not folder.is_dir() or folder.is_symlink() or not is_run(folder):
            raise ConfigurationError(
                f'--delete: given {folder}: not a run; accepted: a run folder'
            )
        entries.append(read_entry(folder))
        if entries[-1].state == 'running':
            raise ConfigurationError(
                f'--delete: given {folder}: it is running; accepted: a stopped run'
            )
    for item in entries:
        print(f'{item.folder}: {item.steps:,} steps, {item.bytes / 1e6:.1f} MB', file=sys.stderr)
    if not yes and not command_line.confirm('--delete', 'Delete permanently?'):
        print('nothing deleted', file=sys.stderr)
        return command_line.FAILED
    _remove([item.folder for item in entries])
    return command_line.DONE


def _remove(folders: Sequence[Path]) -> None:
    """Remove run folders while holding their locks, so that nothing can start in them.

    Raises:
        ConfigurationError: one of them is in use; none is removed.
        OSError: a folder cannot be removed completely.
    """
    remaining = []
    with contextlib.ExitStack() as locks:
        for folder in folders:
            _hold_locks(folder, locks)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                remaining.append(folder)
            else:
                print(f'deleted {folder}')
    for folder in remaining:  # on a network disk open lock files leave names behind
        shutil.rmtree(folder)
        print(f'deleted {folder}')


def _hold_locks(folder: Path, locks: contextlib.ExitStack) -> None:
    """Keep learner, import and replay bridge out of a run until `locks` is closed.

    Raises:
        ConfigurationError: one of them uses the run.
    """
    for lock, user in (
        (folder / LOCK_FILE, 'a learner or an import is using it'),
        (folder / EXPERIENCE / JOURNAL_LOCK, 'its replay bridge is still storing data'),
        (folder / DEMONSTRATIONS / JOURNAL_LOCK, 'demonstrations are still being stored'),
    ):
        try:
            locks.enter_context(kept_unused(lock))
        except BlockingIOError as error:
            raise ConfigurationError(
                f'--delete: given {folder}: {user}; accepted: a run that is not in use'
            ) from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
