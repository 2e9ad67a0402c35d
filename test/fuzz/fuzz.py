# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`make fuzz`: gives broken inputs to every door, in processes that may crash.

Stopped with Ctrl-C, the same command goes on where it was.
"""

import argparse
from collections.abc import Sequence
import multiprocessing
import os
from pathlib import Path
import sys
import time

_TOP = Path(__file__).resolve().parents[2]
_HELPERS = (
    'src/rl_agent/test/helpers',
    'src/rl_learner/test/helpers',
    'test/fuzz',
    'test/fuzz/doors',
)
sys.path[:0] = [str(_TOP / folder) for folder in _HELPERS]
os.environ.update(OMP_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1', MKL_NUM_THREADS='1')

from campaign import Campaign, table  # noqa: E402
from door import Target  # noqa: E402
from judgement import judge  # noqa: E402
from progress import Progress  # noqa: E402
from targets import TARGETS  # noqa: E402
from worker import opened  # noqa: E402

_FOLDER = Path('.fuzz')
_FAILED, _WRONG_USAGE, _INTERRUPTED = 1, 2, 130


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog='fuzz', description='Give broken inputs to every parser and message handler.'
    )
    names = ', '.join(target.name for target in TARGETS)
    parser.add_argument('--inputs', type=int, default=1_000_000, help='for all targets together')
    parser.add_argument('--jobs', type=int, default=1, help='processes at a time')
    parser.add_argument('--targets', default='', help=f'names with commas; all: {names}')
    parser.add_argument(
        '--folder', type=Path, default=_FOLDER, help='of progress and failures; %(default)s'
    )
    parser.add_argument(
        '--reproduce', type=Path, metavar='FILE', help='give one kept input to its target'
    )
    return parser


def shares(targets: Sequence[Target], inputs: int) -> dict[str, int]:
    """Return the number of inputs of each target, at least one."""
    total = sum(target.share for target in targets)
    return {target.name: max(1, round(inputs * target.share / total)) for target in targets}


def reproduce(path: Path) -> int:
    """Give one kept input to the target that its folder names; return the exit code."""
    found = [target for target in TARGETS if target.name in path.resolve().parts]
    if not found:
        print(f'fuzz: given {path}: accepted: a file in a folder with the name of a target')
        return _WRONG_USAGE
    data = path.read_bytes()
    with opened(found[-1]) as door:
        answer = judge(door, data)
    print(f'{found[-1].name}: {answer.kind}: {answer.text or "no error"}')
    return _FAILED if answer.kind == 'failed' else 0


def main() -> int:
    """Do what the command line says; return the exit code."""
    options = make_parser().parse_args()
    if options.reproduce is not None:
        return reproduce(options.reproduce)
    names = options.targets.split(',') if options.targets else [item.name for item in TARGETS]
    chosen = [target for target in TARGETS if target.name in names]
    unknown = set(names) - {target.name for target in chosen}
    if unknown:
        print(f'fuzz: --targets: given {", ".join(unknown)}; accepted: see --help')
        return _WRONG_USAGE
    wanted = shares(chosen, options.inputs)
    begun_s = time.monotonic()
    campaign = Campaign(chosen, wanted, options.folder)
    is_complete = campaign.run(options.jobs)
    print(table(options.folder, chosen))
    print(f'{time.monotonic() - begun_s:.0f} s in this start')
    failures = [
        path for item in chosen for path in Progress(options.folder / item.name).failures()
    ]
    for path in failures:
        print(path.with_name(f'{path.name}.txt').read_text().splitlines()[0])
    if not is_complete:
        print('stopped; the same command goes on')
        return _INTERRUPTED
    return _FAILED if failures else 0


if __name__ == '__main__':
    multiprocessing.set_start_method('fork')  # everything is imported already
    sys.exit(main())
