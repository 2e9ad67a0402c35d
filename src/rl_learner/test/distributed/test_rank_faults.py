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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""A rank that hangs, fails, is missing or does not belong is named by the others, in time.

Asked for in public: NVIDIA/nccl#1260 and NVIDIA/nccl#1324 (which rank does not take part?),
pytorch/pytorch#118369 (a watchdog that ends everything without a name).
"""

import json
import signal

import pytest
from rank_environments import rank_environments, started
from rl_agent.errors import ConfigurationError
from rl_learner.distributed.leader import Leader
from rl_learner.distributed.rendezvous import has_ranks, join, Joined, Place, place_of
from rl_learner.distributed.roll_call import RollCall
from rl_learner.distributed.task import check_batch, check_gpus
import torch.distributed as distributed

TIMEOUT_S = 8.0  # a busy machine takes seconds until its ranks train
GIVEN = {
    'RANK': '1',
    'WORLD_SIZE': '4',
    'LOCAL_RANK': '1',
    'LOCAL_WORLD_SIZE': '2',
    'MASTER_ADDR': 'box',
    'MASTER_PORT': '29400',
}


def until_training(leader):
    """Wait for rank 0 to have done its first updates."""
    lines = []
    for line in leader.stdout:
        lines.append(line)
        if line == 'training\n':
            return
    raise AssertionError(''.join(lines))


@pytest.mark.parametrize(('hung', 'other'), [(1, 0), (0, 1)])
def test_a_rank_that_hangs_is_named(hung, other):
    with started('faulty_rank.py', [['train']] * 2, rank_environments(2, TIMEOUT_S)) as ranks:
        until_training(ranks[0])
        ranks[hung].send_signal(signal.SIGSTOP)
        output, _ = ranks[other].communicate(timeout=120.0)
    assert f'RankError: rank {hung} on ' in output
    assert f', process {ranks[hung].pid}: has ended or hangs\n' in output


def test_of_several_ranks_the_one_that_was_killed_is_named_by_all():
    with started('faulty_rank.py', [['train']] * 4, rank_environments(4, TIMEOUT_S)) as ranks:
        until_training(ranks[0])
        ranks[2].kill()
        alive = [rank for rank in ranks if rank is not ranks[2]]
        outputs = [rank.communicate(timeout=120.0)[0] for rank in alive]
    named = f'process {ranks[2].pid}: has ended or hangs'
    # the first to notice ends, too, which the others may name beside it
    assert all(named in output for output in outputs), outputs


def test_the_rank_that_leads_need_not_be_the_first_of_torchrun():
    environments = rank_environments(2, TIMEOUT_S)
    environments[1] |= {'RL_RANKS_LEAD': '1', 'LOCAL_RANK': '0'}  # another machine
    with started('faulty_rank.py', [['train']] * 2, environments) as ranks:
        until_training(ranks[1])
        ranks[0].kill()
        output, _ = ranks[1].communicate(timeout=120.0)
    assert 'RankError: rank 1 on ' in output
    assert f', process {ranks[0].pid}: has ended or hangs\n' in output


def test_a_rank_that_fails_says_why():
    commands = [['train'], ['raise']]
    environments = rank_environments(2, TIMEOUT_S)
    with started('faulty_rank.py', commands, environments) as ranks:
        output, _ = ranks[0].communicate(timeout=120.0)
    assert f'process {ranks[1].pid}: failed: MemoryError: no memory for a batch\n' in output


def test_ranks_wait_as_long_as_there_is_no_data():
    with started('faulty_rank.py', [['pause']] * 2, rank_environments(2, TIMEOUT_S)) as ranks:
        outputs = [rank.communicate(timeout=120.0)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], outputs
    assert outputs[0].endswith('10 updates\n')


def test_missing_ranks_are_named():
    environments = rank_environments(3, TIMEOUT_S)[:2]
    with started('faulty_rank.py', [['train']] * 2, environments) as ranks:
        outputs = [rank.communicate(timeout=120.0)[0] for rank in ranks]
    expected = f'RankError: 1 of 3 ranks have not joined within {TIMEOUT_S:g} s: rank 2\n'
    assert outputs[0] == expected
    # rank 0 serves the store, and may have ended before the other one looks
    assert outputs[1] == expected or 'rank 1 cannot meet the others' in outputs[1]


def test_ranks_with_other_arguments_are_refused_by_all():
    commands = [['train', 'algorithm:=sac'], ['train', 'algorithm:=tqc']]
    with started('faulty_rank.py', commands, rank_environments(2)) as ranks:
        outputs = [rank.communicate(timeout=120.0)[0] for rank in ranks]
    for output in outputs:
        given = "ConfigurationError: arguments: given 'algorithm:=tqc' by rank 1 on "
        assert output.startswith(given), outputs
        assert "; accepted: 'algorithm:=sac', as rank 0 on " in output


def test_torchrun_is_recognised():
    assert has_ranks(GIVEN)
    assert not has_ranks({})
    assert not has_ranks({**GIVEN, 'WORLD_SIZE': '1'})  # a single process needs no exchange
    assert place_of(GIVEN) == Place(1, 4, 1, 2, ('box', 29400), 60.0, leads=False)


@pytest.mark.parametrize(
    ('changed', 'text'),
    [
        ({'RANK': 'one'}, "RANK: given 'one'; accepted: as torchrun sets it"),
        ({'RANK': '4'}, 'given 4, 4, 1, 2; accepted: as torchrun sets them'),
        ({'MASTER_PORT': ''}, "MASTER_PORT: given ''"),
        ({'LOCAL_RANK': '-1'}, "LOCAL_RANK: given '-1'"),
        ({'RL_RANK_TIMEOUT_S': 'nan'}, "RL_RANK_TIMEOUT_S: given 'nan'; accepted: 1 to 86400 s"),
        ({'RL_RANK_TIMEOUT_S': '0'}, "given '0'; accepted: 1 to 86400 s"),
        ({'TORCHELASTIC_USE_AGENT_STORE': 'True'}, 'or the executable learner_ranks'),
    ],
)
def test_a_place_that_cannot_be_is_refused(changed, text):
    with pytest.raises(ConfigurationError, match=text.replace('(', r'\(')):
        place_of({**GIVEN, **changed})


@pytest.mark.parametrize(
    ('batch_size', 'size', 'near'), [(256, 3, '255 or 258'), (2, 4, '4'), (7, 2, '6 or 8')]
)
def test_a_batch_that_ranks_cannot_share_is_refused(batch_size, size, near):
    text = f'batch_size: given {batch_size} for {size} ranks; accepted: .* such as {near}, or'
    with pytest.raises(ConfigurationError, match=text):
        check_batch(batch_size, size)


def test_a_batch_that_ranks_can_share_is_accepted():
    check_batch(256, 4)


def test_more_devices_than_gpus_are_refused():
    store = distributed.HashStore()
    for rank in range(2):
        entry = {'gpus': 1, 'local_rank': rank, 'local_size': 2}
        store.set(f'gpus/{rank}', json.dumps(entry))
    roll_call = RollCall(store, 0, 2)
    ranks = Leader(2, roll_call, 60.0)
    joined = Joined(ranks, Place(0, 2, 0, 2, ('box', 29400), 60.0, leads=False), store, roll_call)
    with pytest.raises(ConfigurationError, match=r'rank 1: given 2 .* at most 1, its GPUs, or'):
        check_gpus(joined)


def test_a_torch_without_distributed_is_told(monkeypatch):
    monkeypatch.setattr(distributed, 'is_available', lambda: False)
    with pytest.raises(ConfigurationError, match='this torch is built without'):
        join(place_of(GIVEN), {})
