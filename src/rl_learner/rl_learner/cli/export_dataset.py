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

"""`rl_export_dataset`: export a run's experience as a dataset for offline learning."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
import json
from pathlib import Path

from rl_agent.description.image import refuse_images
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.transport.transition_checks import find_bad_rows
from rl_learner.cli import command_line
from rl_learner.export import image_recording, lerobot_dataset, minari_dataset
from rl_learner.export.dataset_folder import ExportCounts
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_episodes import RecordedEpisode, split_episodes
from rl_learner.journal.journal_reader import journal_extent, read_journal
from rl_learner.recordings.lerobot_recording import is_lerobot_dataset
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE
from rl_learner.run.manifest import read_run, robot_of_run, RUN_FILE

_EXAMPLES = """
  rl_export_dataset runs/first                            # to runs/first/export/first-v0
  rl_export_dataset runs/first --format lerobot           # to runs/first/export/first-lerobot
  rl_export_dataset runs/first --format foxglove          # the images that the policy saw
  rl_export_dataset runs/first --demonstrations           # only what people did
  rl_export_dataset runs/first --out ~/.minari/datasets/pendulum/first-v0
  python -c "import minari; print(minari.MinariDataset('runs/first/export/first-v0/data'))"
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_export_dataset',
        "Write a run's experience as a Minari dataset (HDF5) or a LeRobotDataset (Parquet), or its"
        '\nimages as an MCAP file for Foxglove: all episodes of all robots in the order in which'
        '\nthey ended. Episodes without a recorded end are stored as truncated. The run may go on'
        '\nmeanwhile; what it stores after the start is not in the dataset.',
        _EXAMPLES,
    )
    parser.add_argument('run', type=Path, metavar='RUN', help='folder of a run')
    command_line.add_robot(parser, 'run')
    parser.add_argument(
        '--demonstrations',
        action='store_true',
        help="only the run's demonstrations: what people did",
    )
    parser.add_argument(
        '--format',
        choices=('minari', 'lerobot', 'foxglove'),
        default='minari',
        help="lerobot: LeRobotDataset v3.0, actions in the robot's units; foxglove: what policies"
        ' saw, as sensor_msgs/msg/Image in an MCAP file; default: %(default)s',
    )
    parser.add_argument(
        '--task',
        help='with --format lerobot: what the robot does, for policies that read it; default:'
        ' the name of its task',
    )
    command_line.add_out(
        parser,
        'folder of the dataset, for Minari named as there; default: RUN/export/NAME-v0, or'
        ' NAME-lerobot or NAME-foxglove',
    )
    command_line.add_json(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Export."""
    if options.task and options.format != 'lerobot':
        raise ConfigurationError(
            f'--task: given with --format {options.format}; accepted: with --format lerobot'
        )
    run, journal = (
        options.run,
        options.run / (DEMONSTRATIONS if options.demonstrations else EXPERIENCE),
    )
    extent = journal_extent(journal)
    if extent.total == extent.first:
        raise ConfigurationError(
            f'run: given {run}: no {journal.name} in {journal}; accepted: a run with'
            f' {journal.name}'
        )
    robot = robot_of_run(run, options.robot)
    if options.format != 'foxglove':
        user = f'rl_export_dataset --format {options.format}'
        refuse_images(robot.name, robot.images, user)
    given = Spaces(robot).fingerprint
    if given != extent.fingerprint:
        raise ConfigurationError(
            f'robot: given {robot.name!r} with fingerprint {given}; accepted:'
            f' {extent.fingerprint}, that of the robots in {journal}'
        )
    out, total = _out_folder(options), extent.total - extent.first
    episodes = split_episodes(_accepted(_limited(read_journal(journal), total)))
    counts, name, reader = _write(options, out, episodes, robot, total)
    left_out = max(0, total - counts.transitions)
    result = {
        'dataset': str(out),
        'id': name,
        'format': options.format,
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
        print(f'{reader} reads it')
    return command_line.DONE


def _write(
    options: argparse.Namespace,
    out: Path,
    episodes: Iterable[RecordedEpisode],
    robot: RobotDescription,
    total: int,
) -> tuple[ExportCounts, str, str]:
    """Write the dataset; return counts, its name, and what reads it."""
    if options.format == 'minari':
        metadata = {
            'description': f'{total} transitions of {robot.name} on the job',
            'algorithm_name': _algorithm(options.run),
        }
        counts = minari_dataset.write_dataset(out, episodes, robot, metadata)
        reader = f"minari.MinariDataset('{out / minari_dataset.DATA}')"
        return counts, minari_dataset.dataset_id(out), reader
    if options.format == 'foxglove':
        counts = image_recording.write_recording(out, episodes, robot)
        return counts, out.name, 'Foxglove (Open local file)'
    task = options.task or robot.task.name.rpartition(':')[2].replace('_', ' ')
    counts = lerobot_dataset.write_dataset(out, episodes, robot, task)
    return counts, out.name, f"LeRobotDataset('{out.name}', root='{out}')"


def _out_folder(options: argparse.Namespace) -> Path:
    """Return the folder to write.

    Raises:
        ConfigurationError: it exists and must not be replaced.
    """
    suffix = 'v0' if options.format == 'minari' else options.format
    part = f'-{DEMONSTRATIONS}' if options.demonstrations else ''
    default = options.run / 'export' / f'{options.run.absolute().name}{part}-{suffix}'
    out: Path = (options.out or default).expanduser()
    command_line.refuse_to_overwrite(out, force=options.force)
    known = (minari_dataset.is_dataset, is_lerobot_dataset, image_recording.is_image_recording)
    if out.exists() and not any(is_dataset(out) for is_dataset in known):
        raise ConfigurationError(
            f'--force: given {out}: not a dataset; accepted: a dataset to replace, or a new name'
        )
    return out


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
