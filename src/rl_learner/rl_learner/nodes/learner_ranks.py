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

"""Starts the ranks of a learner with torchrun, and all of them again when one is lost.

usage: learner_ranks [OPTION ...] --ros-args [ARGUMENT ...]

OPTION is one of torchrun's:
  --nproc-per-node=N         processes on this machine, each with a GPU or a share of the CPU
  --nnodes=N                 machines; start the same command on each
  --rdzv-endpoint=HOST:PORT  where the machines meet: the one that leads, with a free port
  --max-restarts=N           how often all start again after one was lost; default 1000
ARGUMENT is one of the learner's, the same on all machines.

docs/scale.md has more.
"""

from collections.abc import Sequence
import contextlib
import os
from pathlib import Path
import sys
import tempfile

from rl_agent.errors import ConfigurationError, RlError, WRONG_CONFIGURATION
from rl_learner.distributed.rendezvous import NO_SHARED_STORE, timeout_s
from rl_learner.distributed.torchrun import Interrupted, run_torchrun
from rl_learner.nodes.learner_rank import EXIT_CODE_FILE_VARIABLE

_RANK = 'rl_learner.nodes.learner_rank'
_ROS_ARGUMENTS = '--ros-args'
_RESTARTS = 1000  # a learner runs for weeks, and each loss of a rank takes one
_SEVERAL_MACHINES = ('--nnodes', '--rdzv', '--master', '--node')


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the ranks of this machine."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if {'-h', '--help'} & set(words[: _options_end(words)]):
        print(__doc__.partition('\n\n')[2], end='')
        return
    try:
        code = _run(words)
    except RlError as error:
        print(f'error: learner_ranks: {error}', file=sys.stderr, flush=True)
        code = WRONG_CONFIGURATION if isinstance(error, ConfigurationError) else 1
    sys.exit(code)


def _run(words: Sequence[str]) -> int:
    """Run torchrun; return the exit code of the learner."""
    with tempfile.TemporaryDirectory(prefix='learner_ranks_') as folder:
        file = Path(folder) / 'exit_code'
        os.environ[NO_SHARED_STORE] = '1'
        os.environ.setdefault('OMP_NUM_THREADS', '1')  # each rank sets its own number
        os.environ[EXIT_CODE_FILE_VARIABLE] = str(file)
        with contextlib.suppress(Interrupted):
            run_torchrun(torchrun_words(words), timeout_s(os.environ))
        return int(file.read_text(encoding='utf-8')) if file.exists() else 0


def torchrun_words(words: Sequence[str]) -> list[str]:
    """Return the command line of torchrun; given options come after the defaults.

    Raises:
        ConfigurationError: the time after which a rank counts as gone is not a time.
    """
    split = _options_end(words)
    options, node_arguments = words[:split], words[split:]
    seconds = round(timeout_s(os.environ))
    defaults = [f'--max-restarts={_RESTARTS}']
    if any(word.replace('_', '-').startswith(_SEVERAL_MACHINES) for word in options):
        defaults += [
            '--rdzv-backend=c10d',
            '--rdzv-id=learner',
            # torchrun needs 15 s to notice that a machine is gone, and then makes the last call
            f'--rdzv-conf=join_timeout={seconds},timeout={seconds}'
            f',last_call_timeout={max(1, seconds // 4)}',
        ]
    else:
        defaults.append('--standalone')
    return [*defaults, *options, '-m', _RANK, *node_arguments]


def _options_end(words: Sequence[str]) -> int:
    """Return where the arguments of the learner begin."""
    return words.index(_ROS_ARGUMENTS) if _ROS_ARGUMENTS in words else len(words)


if __name__ == '__main__':
    main()
