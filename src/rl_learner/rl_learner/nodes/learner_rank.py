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

"""One rank of the learner, as torchrun starts it: `torchrun ... -m rl_learner.nodes.learner_rank`.

Rank 0 is the `learner` node; the others need neither ROS nor Reverb. Arguments are those of the
node, the same for all ranks. After the loss of a rank the others exit with 1, so that torchrun
starts all of them again.
"""

import os

from rl_learner.system.openmp import openmp_environment

os.environ.update(openmp_environment(os.environ))  # before torch is imported

from pathlib import Path
import signal
import sys

from rl_agent.errors import ConfigurationError, RlError, WRONG_CONFIGURATION
from rl_learner.distributed.identity import identity
from rl_learner.distributed.ranks import leave, RankError
from rl_learner.distributed.rendezvous import has_ranks, join, Joined, place_of
from rl_learner.distributed.task import announce_end
from rl_learner.nodes.learner_worker import work
from rl_learner.system.processes import signal_when_parent_ends

# a file for the exit code of a rank after which torchrun should start none again
EXIT_CODE_FILE_VARIABLE = 'RL_RANKS_EXIT_CODE_FILE'


def main() -> None:
    """Run this rank."""
    try:
        code = _run_rank() if has_ranks(os.environ) else _end_for_good(_run_node(None))
    except ConfigurationError as error:
        code = _end_for_good(_report(error))
    except RlError as error:
        code = _report(error)
    finally:
        leave()
    sys.exit(code)


def _run_rank() -> int:
    """Meet the other ranks and work with them; return the exit code.

    Raises:
        ConfigurationError: the ranks do not fit together.
        RankError: a rank is gone.
    """
    place = place_of(os.environ)
    signal_when_parent_ends(signal.SIGTERM)
    joined = join(place, identity(sys.argv[1:]))
    if joined.place.rank == 0:
        return _lead(joined)
    signal_when_parent_ends(signal.SIGKILL)  # those that work ignore the signals that rank 0 obeys
    try:
        work(joined)
    except RankError:
        raise
    except BaseException as error:
        joined.roll_call.failed(f'{type(error).__name__}: {error}')
        raise
    return 0


def _lead(joined: Joined) -> int:
    """Run the node as rank 0; return the exit code."""
    code = _run_node(joined)
    announce_end(joined)
    return 1 if joined.ranks.is_broken else _end_for_good(code)


def _run_node(joined: Joined | None) -> int:
    """Run the node; return its exit code."""
    from rl_agent.ros.ros_node_main import run
    from rl_learner.nodes.learner_node import LearnerNode

    return run(lambda: LearnerNode(joined))


def _end_for_good(code: int) -> int:
    """Leave the exit code to the launcher, if there is one; return what torchrun should see."""
    file = os.environ.get(EXIT_CODE_FILE_VARIABLE)
    if not file:
        return code
    Path(file).write_text(str(code), encoding='utf-8')
    return 0


def _report(error: RlError) -> int:
    """Print an error as one line; return its exit code."""
    print(f'error: learner_rank: {error}', file=sys.stderr, flush=True)
    return WRONG_CONFIGURATION if isinstance(error, ConfigurationError) else 1


if __name__ == '__main__':
    main()
