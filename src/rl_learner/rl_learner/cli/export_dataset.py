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

"""`rl_export_dataset`: export a run's experience as a Minari dataset for offline learning."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
import json
from pathlib import Path

from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.transport.transition_checks import find_bad_rows
from rl_learner.cli import command_line
from rl_learner.export import minari_dataset as dataset_folder
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_episodes import split_episodes
from rl_learner.journal.journal_reader import journal_extent, read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.run.manifest import read_run, robot_of_run, RUN_FILE

_EXAMPLES = """
  rl_export_dataset runs/first                            # to runs/first/export/first-v0
  rl_export_dataset runs/first --out ~/.minari/datasets/pendulum/first-v0
  python -c "import minari; print(minari.MinariDataset('runs/first/export/first-v0/data'))"
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_export_dataset',
        "Write a run's experience as a Minari dataset (HDF5): all episodes of all robots in the"
        '\norder in which they ended. Episodes without a recorded end are stored as truncated. The'
        '\nrun may continue meanwhile; what it stores after the start is not in the dataset.',
        _EXAMPLES,
    )
    parser.add_argument('run', type=Path, metavar='RUN', help='folder of a run')
    command_line.add_robot(parser, 'run')
    command_line.add_out(
        parser, 'folder of the dataset, named as in Minari; default: RUN/export/NAME-v0'
    )
    command_line.add_json(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Export."""
    run, journal = options.run, options.run / EXPERIENCE
    extent = journal_extent(journal)
    if extent.total == extent.first:
        raise ConfigurationError(
            f'run: given {run}: no experience in {journal}; accepted: a run with experience'
        )
    robot = robot_of_run(run, options.robot)
    given = Spaces(robot).fingerprint
    if given != extent.fingerprint:
        raise ConfigurationError(
            f'robot: given {robot.name!r} with fingerprint {given}; accepted:'
            f' {extent.fingerprint}, that of the robots in {journal}'
        )
    default = run / 'export' / f'{run.absolute().name}-v0'
    out = (options.out or default).expanduser()
    command_line.refuse_to_overwrite(out, force=options.force)
    if out.exists() and not dataset_folder.is_dataset(out):
        raise ConfigurationError(
            f'--force: given {out}: not a dataset; accepted: a dataset to replace, or a new name'
        )
    metadata = {
        'description': f'{extent.total - extent.first} transitions of {robot.name} on the job',
        'algorithm_name': _algorithm(run),
    }
    total = extent.total - extent.first
    batches = _accepted(_limited(read_journal(journal), total))
    counts = dataset_folder.write_dataset(out, split_episodes(batches), robot, metadata)
    left_out = max(0, total - counts.transitions)
    result = {
        'dataset': str(out),
        'id': dataset_folder.dataset_id(out),
        'format': 'minari',
        'episodes': counts.episodes,
        'interrupted': counts.interrupted,
        'transitions': counts.transitions,
        'left_out': left_out,
        'robots': sorted(counts.robots),
    }
    if options.json:
        print(json.dumps(result))
    else:
        print(
            f'{out}: {counts.transitions:,} transitions, {counts.episodes:,} episodes'
            f' ({counts.interrupted:,} without a recorded end, stored as truncated) of'
            f' {", ".join(sorted(counts.robots))}; {left_out:,} transitions with a value that is'
            ' not accepted were left out'
        )
        print(f"minari.MinariDataset('{out / dataset_folder.DATA}') reads it")
    return command_line.DONE


def _limited(batches: Iterator[TransitionBatch], count: int) -> Iterator[TransitionBatch]:
    """Yield batches up to this many transitions, because the run may add more all the time."""
    for batch in batches:
        if count <= 0:
            return
        count -= len(batch)
        yield batch


def _accepted(batches: Iterable[TransitionBatch]) -> Iterator[TransitionBatch]:
    """Yield batches without the transitions that training leaves out, too."""
    for batch in batches:
        bad = find_bad_rows(batch.columns)
        yield from (batch,) if bad is None else batch.without(bad.is_bad)


def _algorithm(run: Path) -> str:
    """Return the name of a run's algorithm, or `unknown`."""
    if not (run / RUN_FILE).is_file():
        return 'unknown'
    return Path(str(read_run(run).parameters.get('algorithm', 'unknown'))).stem


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
