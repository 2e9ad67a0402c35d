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

"""What rank 0 tells the others to train; they need no files and no arguments."""

from collections.abc import Mapping, Sequence
import dataclasses
import json
import time
from typing import Any

from rl_agent.errors import ConfigurationError
from rl_learner.distributed.ranks import RankError
from rl_learner.distributed.rendezvous import Joined

_POLL_PERIOD_S, _END_TIMEOUT_S = 0.2, 10.0


@dataclasses.dataclass(frozen=True)
class Task:
    """What to train.

    Attributes:
        algorithm: all options by name.
        observation_size: length of an observation as robots send it.
        action_size: length of an action.
        images: height, width and channels of each image, one frame.
        stack: frames of each image in an observation.
        seed: of the noise.
        device: `cpu` or `cuda`.
        threads: CPU threads of an update; 0: the cores of the machine, shared by its ranks.
    """

    algorithm: Mapping[str, Any]
    observation_size: int
    action_size: int
    images: Sequence[tuple[int, int, int]]
    stack: int
    seed: int
    device: str
    threads: int


def announce(joined: Joined, task: Task) -> None:
    """Tell the other ranks what to train."""
    joined.store.set('task', json.dumps(dataclasses.asdict(task)))


def announce_end(joined: Joined) -> None:
    """Tell ranks that wait for a task that there is none, and wait for some time until they know.

    They would start again if they only saw that rank 0 has ended.
    """
    store, others = joined.store, range(1, joined.place.size)
    try:
        if store.check(['task']):
            return
        store.set('task', json.dumps(None))
        deadline_s = time.monotonic() + _END_TIMEOUT_S
        while not store.check([f'ended/{rank}' for rank in others]):
            if time.monotonic() > deadline_s:
                return
            time.sleep(_POLL_PERIOD_S)
    except RuntimeError:
        return  # the server of the store has ended


def receive(joined: Joined) -> Task | None:
    """Wait for rank 0 to say what to train, as long as it takes; None: it has ended.

    Raises:
        RankError: the store that ranks share is gone.
    """
    try:
        # rank 0 may still read its journal, or wait for its lifecycle
        while not joined.store.check(['task']):
            time.sleep(_POLL_PERIOD_S)
        text = json.loads(joined.store.get('task').decode())
        if text is None:
            joined.store.set(f'ended/{joined.place.rank}', '')
    except RuntimeError as error:
        joined.ranks.is_broken = True
        raise RankError(joined.roll_call.server_is_gone) from error
    return None if text is None else Task(**text)


def check_batch(batch_size: int, size: int) -> None:
    """Raise ConfigurationError unless ranks can share a batch equally."""
    if batch_size % size:
        below, above = batch_size // size * size, -(-batch_size // size) * size
        near = ' or '.join(str(count) for count in (below, above) if count)
        raise ConfigurationError(
            f'batch_size: given {batch_size} for {size} ranks; accepted: a multiple of {size},'
            f' such as {near}, or another number of devices'
        )


def check_gpus(joined: Joined) -> None:
    """Raise ConfigurationError unless each rank has a GPU of its own."""
    for rank in range(joined.place.size):
        entry = json.loads(joined.store.get(f'gpus/{rank}').decode())
        if entry['local_rank'] >= entry['gpus']:
            raise ConfigurationError(
                f'devices: {joined.roll_call.name(rank)}: given {entry["local_size"]} on this'
                f' machine; accepted: at most {entry["gpus"]}, its GPUs, or device:=cpu'
            )
