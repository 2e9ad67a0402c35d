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

"""`rl_train` on a task that shows images, killed and resumed, evaluated and exported."""

import json
from pathlib import Path
import signal
import subprocess
import time

from fleet import ended, start_module
import numpy as np
import pytest
from rl_agent.description.image import unpack_pixels
from rl_agent.policy.policy_file import load_policy
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.manifest import read_run

TASKS = Path(__file__).resolve().parents[2] / 'src' / 'rl_learner' / 'test' / 'helpers'
SIDE = 40
SMALL = """
batch_size: 16
warmup: 100
updates_to_data: 0.5
num_quantiles: 1
dropped_atoms: 1
critic_loss: squared
actor_hidden_sizes: [16]
critic_hidden_sizes: [16]
encoder_channels: [4, 4, 4]
encoder_strides: [2, 2, 1]
encoder_features: 8
"""
TIMEOUT_S = 150.0


class Tools:
    """The command-line tools, with the tasks that need eyes."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.run = folder, folder / 'runs' / 'run'
        (folder / 'small.yaml').write_text(SMALL)
        self._environment = {**environment, 'PYTHONPATH': str(TASKS)}

    def start(self, tool: str, *options: str) -> subprocess.Popen[str]:
        return start_module(
            f'rl_learner.cli.{tool}', *options, environment=self._environment, cwd=self.folder
        )

    def call(self, tool: str, *options: str, code: int = 0) -> str:
        """Return what a tool prints."""
        return ''.join(ended(self.start(tool, *options), code, TIMEOUT_S))

    def stored(self) -> int:
        """Return how many transitions the journal has."""
        folder = self.run / 'experience'
        return sum(map(len, read_journal(folder))) if folder.exists() else 0

    def kill_at(self, process: subprocess.Popen[str], steps: int) -> None:
        """Kill a process once the journal has so many steps."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while self.stored() < steps:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline_s
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture
def tools(tmp_path: Path, ros_environment: dict[str, str]) -> Tools:
    return Tools(tmp_path, ros_environment)


@pytest.mark.timeout(400)
def test_a_run_with_images_and_numbers_from_kill_to_export(tools: Tools) -> None:
    task = ('--task', 'image_tasks:DotAndPlace-v0', '--evaluation-episodes', '2')
    begun = tools.start('train', *task, '--steps', '5000', '--algorithm', 'small.yaml', *NAME)
    tools.kill_at(begun, 200)
    output = tools.call('train', '--resume', str(tools.run), '--steps', '100')
    assert '2 deterministic episodes: mean return' in output
    check_journal(tools.run)
    policy = load_policy(tools.run / 'policy.npz')
    encoder = policy.architecture.encoder
    assert encoder is not None
    assert encoder.images == ((SIDE, SIDE, 3),)
    assert policy.architecture.vector_size == 2
    assert policy.updates > 0
    out = str(tools.folder / 'evaluation')
    evaluated = tools.call('evaluate', str(tools.run), '--episodes', '2', '--json', '--out', out)
    answer, _ = json.JSONDecoder().raw_decode(evaluated[evaluated.index('{') :])
    assert -25 * 1.5 < answer['all']['mean'] < 0.0
    assert (tools.folder / 'evaluation' / 'seen.png').stat().st_size > 0
    tools.call('export', str(tools.run))
    assert (tools.run / 'export' / 'policy.onnx').exists()
    refused = tools.call('export_dataset', str(tools.run), code=2)
    assert 'given an image; accepted: none with rl_export_dataset --format minari' in refused


NAME = ('--name', 'run')


def check_journal(run: Path) -> None:
    """Check that each image in the journal shows the place that is beside it, and follows."""
    batches = list(read_journal(run / 'experience'))
    checked = 0
    for batch in batches:
        columns = {name: np.asarray(values) for name, values in batch.columns.items()}
        for name in ('observation', 'next_observation'):
            seen = columns[name]
            pixels = unpack_pixels(seen[:, 2:], SIDE * SIDE * 3).reshape(-1, SIDE, SIDE, 3)
            for place, picture in zip(seen[:, :2], pixels, strict=True):
                rows, lines = np.nonzero(picture[:, :, 0])
                assert (rows.min(), lines.min()) == tuple(np.round(place * 35).astype(int))
                assert set(np.unique(picture)) <= {0, 255}
                checked += 1
        follows = ~(columns['terminated'] | columns['truncated']).astype(bool)[:-1]
        after, before = columns['next_observation'][:-1], columns['observation'][1:]
        assert np.array_equal(after[follows], before[follows])
    assert checked >= 2 * 300


@pytest.mark.timeout(300)
def test_a_task_with_images_gets_the_preset_for_them(tools: Tools) -> None:
    options = ('--steps', '60', '--evaluation-episodes', '0', '--image-size', '32')
    tools.call('train', '--task', 'image_tasks:Dot-v0', *options, *NAME)
    algorithm = read_run(tools.run).algorithm
    assert (algorithm.batch_size, algorithm.random_shift) == (128, 4)
    out = str(tools.folder / 'evaluation')
    tools.call('evaluate', str(tools.run), '--episodes', '1', '--out', out)
    encoder = load_policy(tools.run / 'policy.npz').architecture.encoder
    assert encoder is not None
    assert encoder.images == ((32, 32, 3),)
    before = sorted((tools.folder / 'runs').iterdir())
    refused = tools.call('train', '--task', 'image_tasks:Dot-v0', '--algorithm', 'xqc', code=2)
    assert sorted((tools.folder / 'runs').iterdir()) == before
    assert 'critic_batch_norm: given true with images; accepted: false' in refused
    refused = tools.call('train', '--robot', 'pendulum', '--image-size', '32', code=2)
    assert '--image-size: given without --task; accepted: with --task' in refused
    resumed = tools.call('train', '--resume', str(tools.run), '--image-size', '16', code=2)
    assert '--image-size' in resumed
