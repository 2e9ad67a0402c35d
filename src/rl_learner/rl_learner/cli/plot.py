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

"""`rl_plot`: learning curves of runs."""

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import sys

from rich.table import Table
from rl_agent.errors import ConfigurationError
from rl_learner.cli import command_line
from rl_learner.monitoring.learning_curves import draw, QUANTITIES, read_curve, RunCurve, summarise
from rl_learner.run.manifest import RUN_FILE

_EXAMPLES = """
  rl_plot runs/first                        # one run: episodes and their running mean
  rl_plot runs/tqc-1 runs/tqc-2 runs/sac-1  # seeds of an algorithm: one curve with a band
  rl_plot                                   # all runs in runs/
  rl_plot runs/a runs/b --by run            # one curve for each run
  rl_plot runs/a --quantity success         # success rate instead of return
  rl_plot runs/a runs/b --json              # statistics for scripts
"""
_DEFAULT_PICTURE = 'curves.png'


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_plot',
        'Draw returns over steps and over wall-clock time. Runs of the same robot and algorithm'
        '\nare treated as seeds: their mean gets a 95 % bootstrap band. Each robot has a row.',
        _EXAMPLES,
    )
    parser.add_argument(
        'run', nargs='*', type=Path, metavar='RUN', help='folders of runs; default: all in --runs'
    )
    command_line.add_runs(parser)
    parser.add_argument(
        '--by',
        choices=('algorithm', 'run'),
        default='algorithm',
        help='how runs are grouped into curves; default: by robot and algorithm',
    )
    parser.add_argument(
        '--window',
        type=command_line.at_least(1),
        default=5,
        help='episodes in the running mean; default: %(default)s',
    )
    parser.add_argument(
        '--quantity',
        choices=tuple(QUANTITIES),
        default='return',
        help='what to draw: return, success rate, share of steps that a person drove, or steps of'
        ' an episode; default: %(default)s',
    )
    command_line.add_out(parser, f'PNG file; default: {_DEFAULT_PICTURE}')
    command_line.add_json(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Read the runs, draw their curves, and print where the picture is."""
    path = options.out or Path(_DEFAULT_PICTURE)
    if path.suffix != '.png':
        raise ConfigurationError(f'--out: given {path}; accepted: a name that ends in .png')
    folders = options.run or sorted(file.parent for file in options.runs.glob(f'*/{RUN_FILE}'))
    if not folders:
        raise ConfigurationError(
            f'--runs: given {options.runs}: no runs in it; accepted: a folder of runs'
        )
    command_line.refuse_to_overwrite(path, force=options.force)
    curves = _read(folders, options)
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(curves, path, options.window, options.quantity)
    if options.json:
        print(json.dumps({'picture': str(path), 'runs': summarise(curves)}))
    else:
        _print(curves)
        print(f'{path}: {len(curves)} run{"s" if len(curves) > 1 else ""}')
    return command_line.DONE


def _read(folders: Sequence[Path], options: argparse.Namespace) -> list[RunCurve]:
    """Return the curves of the runs; without named runs, skip those that cannot be drawn.

    Raises:
        ConfigurationError: a named run cannot be drawn, or no run can.
    """
    curves, errors = [], []
    for folder in folders:
        try:
            curves.append(
                read_curve(folder, by_run=options.by == 'run', quantity=options.quantity)
            )
        except ConfigurationError as error:
            errors.append(error)
            if options.run or len(errors) == len(folders):
                raise
    for reason in errors:
        print(f'skipped: {reason}', file=sys.stderr)
    return curves


def _print(curves: Sequence[RunCurve]) -> None:
    """Print a table with a row for each run."""
    table = Table()
    for name in ('run', 'group', 'episodes', 'steps', 'time', 'best', 'last 10'):
        justify = 'left' if name in ('run', 'group') else 'right'
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in summarise(curves):
        last = row['mean_of_last_10']
        table.add_row(
            str(row['run']),
            str(row['group']),
            str(row['episodes']),
            f'{row["steps"]:,}',
            f'{row["wall_s"]:.0f} s',
            f'{row["best_return"]:.1f}',
            '-' if last is None else f'{last:.1f}',
        )
    command_line.print_table(table)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
