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
"""Several ranks compute what one process computes, up to the order of sums.

Asked for in public:

- ray-project/ray#47179: SAC's actor loss goes through the critics, whose second pass in one update
  broke DistributedDataParallel.
- pytorch/pytorch#62967: BatchNorm gave other outputs on two GPUs than on one.
- huggingface/transformers#37932: every rank shifted its images by the same random numbers, as each
  had the same seed. Here a row gets the numbers that it has in one process.
- younggyoseo/FastTD3#33: with a batch that grows with the GPUs, people ask which rates to change.
  Here the batch stays the algorithm's, so nothing changes.
"""

from dataclasses import asdict
import json
from types import SimpleNamespace

from image_updates import image_update, train_on_image_blocks
import pytest
from rank_environments import rank_environments, started
from rl_learner.distributed.task import Task
from rl_learner.nodes.learner_worker import update_of
from small_updates import make_update, networks, one_thread, train_on_random_blocks
import torch

VARIANTS = ('default', 'mixed', 'td3', 'droq', 'xqc', 'crossq', 'batch_norm_mixed')
UPDATES, IMAGE_UPDATES = 200, 50
TIMEOUT_S = 240.0


def train(update):
    """Train an update that has no ranks."""
    with one_thread():
        train_on_random_blocks(update, UPDATES)


def train_ranks(size, variants, folder, updates=UPDATES):
    """Return the state of each variant after training with ranks."""
    output = folder / 'states.pt'
    command = [str(updates), output, *variants]
    with started('rank_worker.py', [command] * size, rank_environments(size)) as ranks:
        outputs = [rank.communicate(timeout=TIMEOUT_S)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0] * size, outputs
    return torch.load(output, weights_only=False)


def assert_equal(found, expected, variant):
    """Check that networks are equal but for the order of sums."""
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        difference = (found[name] - tensor).abs().max().item()
        assert difference < 1e-5, (variant, name)


@pytest.fixture(scope='module')
def alone():
    """Return an update of each variant, trained by one process without ranks."""
    updates = {variant: make_update(variant) for variant in VARIANTS}
    for update in updates.values():
        train(update)
    return updates


@pytest.mark.timeout(600)
@pytest.mark.parametrize('size', [1, 2, 4])
def test_ranks_compute_what_one_process_computes(size, alone, tmp_path):
    variants = VARIANTS if size < 4 else ('default', 'mixed', 'crossq')
    for variant, state in train_ranks(size, variants, tmp_path).items():
        assert_equal(state['networks'], networks(alone[variant]), variant)


@pytest.mark.timeout(600)
@pytest.mark.parametrize('size', [1, 2])
def test_ranks_train_the_encoder_of_images_as_one_process(size, tmp_path):
    """Random shifts, two frames stacked, two images, quantile critics as well as two of one."""
    presets = ('drq_sac', 'default')
    variants = [f'images_{preset}' for preset in presets]
    found = train_ranks(size, variants, tmp_path, IMAGE_UPDATES)
    for preset in presets:
        expected = image_update(preset, stack=2)
        with one_thread():
            train_on_image_blocks(expected, IMAGE_UPDATES)
        assert_equal(found[f'images_{preset}']['networks'], networks(expected), preset)


@pytest.mark.timeout(300)
def test_a_run_goes_on_with_another_number_of_ranks(tmp_path):
    variant = 'batch_norm_mixed'
    state = train_ranks(2, [variant], tmp_path)[variant]
    expected, resumed = make_update(variant), make_update(variant, seed=5)
    train(expected)
    resumed.load_state_dict(state)
    assert resumed.updates == expected.updates == UPDATES
    for update in (expected, resumed):
        train(update)
    assert_equal(networks(resumed), networks(expected), variant)


def test_a_worker_builds_the_networks_that_rank_0_describes():
    """The task is sent as JSON, in which tuples become lists."""
    expected = image_update('default_images', stack=2)
    layout = expected.layout
    sent = Task(
        asdict(expected.algorithm),
        layout.observation_size,
        layout.action_size,
        [image.shape for image in layout.images],
        layout.stack,
        0,
        'cpu',
        1,
    )
    task = Task(**json.loads(json.dumps(asdict(sent))))
    found = update_of(task, SimpleNamespace(ranks=None, place=None))
    for name, values in networks(expected).items():
        assert found.state_dict()['networks'][name].shape == values.shape, name
