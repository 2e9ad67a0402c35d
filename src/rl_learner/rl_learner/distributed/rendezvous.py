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

"""How ranks meet: as torchrun tells them, with the same code and the same command."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
import json
import math
import time
from typing import TYPE_CHECKING

from rl_agent.errors import ConfigurationError
from rl_learner.distributed.leader import Leader
from rl_learner.distributed.ranks import RankError, Ranks
from rl_learner.distributed.roll_call import RollCall
import torch
import torch.distributed as distributed

if TYPE_CHECKING:  # a torch without `distributed` lacks it
    from torch.distributed import Store  # type: ignore[attr-defined]

TIMEOUT_VARIABLE = 'RL_RANK_TIMEOUT_S'
LEADS_VARIABLE = 'RL_RANKS_LEAD'  # 1 on the machine whose first process leads
NO_SHARED_STORE = 'TORCH_DISABLE_SHARE_RDZV_TCP_STORE'
_DEFAULT_TIMEOUT_S, _SHORTEST_S, _LONGEST_S = 60.0, 1.0, 86_400.0
_POLL_PERIOD_S = 0.1
_WHOLE_NUMBERS = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE', 'MASTER_PORT')


@dataclass(frozen=True)
class Place:
    """Where a rank runs, as torchrun says.

    Attributes:
        rank: of all ranks; torchrun's until they have met, then 0 for the one that leads.
        size: number of ranks.
        local_rank: of the ranks of this machine.
        local_size: number of ranks of this machine.
        address: host and port where torchrun's rank 0 serves the store that all share.
        timeout_s: after which a rank counts as gone.
        leads: it was chosen to be rank 0; without a choice, torchrun's rank 0 is.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    address: tuple[str, int]
    timeout_s: float
    leads: bool


@dataclass(frozen=True)
class Joined:
    """A rank that has met the others.

    Attributes:
        ranks: what they exchange; of rank 0 a `Leader`.
        place: where it runs.
        store: shared by all ranks.
        roll_call: who is there.
    """

    ranks: Ranks
    place: Place
    store: 'Store'
    roll_call: RollCall


def has_ranks(environment: Mapping[str, str]) -> bool:
    """Return whether torchrun started this process as one of several."""
    return environment.get('WORLD_SIZE', '1') != '1' and 'RANK' in environment


def place_of(environment: Mapping[str, str]) -> Place:
    """Return where this process is to run.

    Raises:
        ConfigurationError: a variable is missing, is no number, or torchrun keeps old entries.
    """
    rank, size, local_rank, local_size, port = (
        _whole_number(name, environment.get(name, '')) for name in _WHOLE_NUMBERS
    )
    if rank >= size or local_rank >= local_size:
        raise ConfigurationError(
            f'RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE: given {rank}, {size},'
            f' {local_rank}, {local_size}; accepted: as torchrun sets them'
        )
    if environment.get('TORCHELASTIC_USE_AGENT_STORE') == str(True):
        # what ranks wrote into that store before a restart would be read after it
        raise ConfigurationError(
            f'{NO_SHARED_STORE}: given 0; accepted: 1 in the environment of torchrun, or the'
            ' executable learner_ranks, which sets it'
        )
    address = (environment.get('MASTER_ADDR', ''), port)
    leads = environment.get(LEADS_VARIABLE) == '1' and local_rank == 0
    return Place(rank, size, local_rank, local_size, address, timeout_s(environment), leads)


def join(place: Place, identity: Mapping[str, str]) -> Joined:
    """Meet the other ranks.

    Args:
        place: of this process.
        identity: what must be the same on all ranks, by name, as text.

    Raises:
        ConfigurationError: ranks have different identities.
        RankError: the other ranks cannot be reached, or are not there in time.
    """
    if not distributed.is_available():
        raise ConfigurationError(
            'devices: given several; accepted: 1, as this torch is built without torch.distributed'
        )
    timeout = timedelta(seconds=place.timeout_s)
    try:
        store = _open_store(place, timeout)
        first = _first(store, place)
        server = -first % place.size
        place = replace(place, rank=(place.rank - first) % place.size)
        roll_call = _introduce(store, place, server)
        _compare(store, place, identity, roll_call, server)
        distributed.init_process_group(
            'cpu:gloo,cuda:nccl' if _has_nccl() else 'gloo',
            store=distributed.PrefixStore('group', store),  # type: ignore[attr-defined]
            rank=place.rank,
            world_size=place.size,
            timeout=timeout,
        )
    except (RuntimeError, OSError) as error:
        reason = str(error).strip().partition('\n')[0]
        raise RankError(f'rank {place.rank} cannot meet the others: {reason}') from error
    if place.rank == 0:
        ranks: Ranks = Leader(place.size, roll_call, place.timeout_s)
    else:
        ranks = Ranks(place.rank, place.size, roll_call)
    return Joined(ranks, place, store, roll_call)


def _whole_number(name: str, text: str) -> int:
    """Return the value of a variable of torchrun."""
    if not text.isdecimal():
        raise ConfigurationError(f'{name}: given {text!r}; accepted: as torchrun sets it')
    return int(text)


def timeout_s(environment: Mapping[str, str]) -> float:
    """Return after what time a rank counts as gone.

    Raises:
        ConfigurationError: the variable is not a time in bounds.
    """
    text = environment.get(TIMEOUT_VARIABLE, str(_DEFAULT_TIMEOUT_S))
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise ConfigurationError(
            f'{TIMEOUT_VARIABLE}: given {text!r}; accepted: {_SHORTEST_S:g} to {_LONGEST_S:g} s'
        )
    return seconds


def _open_store(place: Place, timeout: timedelta) -> 'Store':
    """Return the store that torchrun's rank 0 serves."""
    host, port = place.address
    return distributed.TCPStore(  # type: ignore[attr-defined]
        host,
        port,
        place.size,
        is_master=place.rank == 0,
        timeout=timeout,
        wait_for_workers=False,  # `_first` says who is missing
    )


def _has_nccl() -> bool:
    """Return whether GPUs of this machine can exchange tensors."""
    return torch.cuda.is_available() and distributed.is_nccl_available()


def _first(store: 'Store', place: Place) -> int:
    """Return torchrun's number of the rank that leads, once all ranks are there.

    Raises:
        RankError: some are not in time.
    """
    store.set(f'leads/{place.rank}', '1' if place.leads else '0')
    keys = [f'leads/{rank}' for rank in range(place.size)]
    deadline_s = time.monotonic() + place.timeout_s
    while absent := [rank for rank, key in enumerate(keys) if not store.check([key])]:
        if time.monotonic() > deadline_s:
            raise RankError(
                f'{len(absent)} of {place.size} ranks have not joined within'
                f' {place.timeout_s:g} s: rank {", ".join(map(str, absent))}'
            )
        time.sleep(_POLL_PERIOD_S)
    leading = [rank for rank, key in enumerate(keys) if store.get(key) == b'1']
    return leading[0] if leading else 0


def _introduce(store: 'Store', place: Place, server: int) -> RollCall:
    """Say who this rank is, and wait until all have."""
    gpus = {
        'gpus': torch.cuda.device_count(),
        'local_rank': place.local_rank,
        'local_size': place.local_size,
    }
    store.set(f'gpus/{place.rank}', json.dumps(gpus))
    roll_call = RollCall(store, place.rank, place.size, server)
    roll_call.remember_names()
    return roll_call


def _compare(
    store: 'Store', place: Place, identity: Mapping[str, str], roll_call: RollCall, server: int
) -> None:
    """Compare the identity of all ranks with that of rank 0; all ranks agree on the outcome.

    Raises:
        ConfigurationError: they are not the same.
    """
    store.set(f'identity/{place.rank}', json.dumps(dict(identity)))
    difference = _difference(store, place, roll_call)
    store.set(f'compared/{place.rank}', '')
    if place.rank == server:  # ends last
        store.wait([f'compared/{rank}' for rank in range(place.size)])
    if difference:
        raise ConfigurationError(difference)


def _difference(store: 'Store', place: Place, roll_call: RollCall) -> str:
    """Return how the identity of a rank differs from that of rank 0; empty: in nothing."""
    own = json.loads(store.get('identity/0').decode())
    for rank in range(1, place.size):
        other = json.loads(store.get(f'identity/{rank}').decode())
        for name, value in own.items():
            if other.get(name) != value:
                return (
                    f'{name}: given {other.get(name)!r} by {roll_call.name(rank)}; accepted:'
                    f' {value!r}, as {roll_call.name(0)} has it'
                )
    return ''
