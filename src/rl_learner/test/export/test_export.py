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

"""Exported files compute the same as the policy, and contain everything needed to use them."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from rl_agent.configuration import find_file
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, PolicyError, TrainingError
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_file import load_policy, save_policy
from rl_agent.policy.policy_store import PolicyStore
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import export
from rl_learner.cli.export import FORMATS
from rl_learner.export import onnx_file
from rl_learner.export.load_policy import load_source
from rl_learner.export.policy_with_robot import PolicyWithRobot
from rl_learner.run.folder import CHECKPOINTS, POLICY_FILE
from rl_learner.run.manifest import next_start, write_run
from rl_learner.training.checkpoint import Checkpoints
from rl_learner.training.update import Update

ROBOT = load_robot('pendulum')
SMALL = {'actor_hidden_sizes': [8, 6], 'critic_hidden_sizes': [8]}


def policy(normalised: bool = True, **architecture: Any) -> PolicyWithRobot:
    """Return a policy with random parameters for the pendulum."""
    rng = np.random.default_rng(3)
    shape = PolicyArchitecture(3, 1, (16, 12), **architecture)
    empty = np.zeros(0, np.float32)
    parameters = PolicyParameters(
        shape,
        rng.standard_normal(shape.num_parameters).astype(np.float32) / 3,
        rng.standard_normal(3).astype(np.float32) if normalised else empty,
        rng.uniform(0.5, 2.0, 3).astype(np.float32) if normalised else empty,
        version=7,
        updates=70,
        fingerprint=Spaces(ROBOT).fingerprint,
    )
    return PolicyWithRobot(parameters, ROBOT)


VARIANTS = {
    'relu': policy(),
    'elu': policy(activation='elu', mean_clip=0.5),
    'tanh, no normalisation': policy(normalised=False, activation='tanh'),
    'layer norm': policy(layer_norm=True),
    'gsde': policy(distribution='gsde', mean_clip=2.0),
    'deterministic': policy(distribution='deterministic', exploration_noise=0.3),
    'tight clip': policy(observation_clip=0.5),
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the folder of a run with a checkpoint and a policy."""
    folder = tmp_path / 'run'
    algorithm = load_algorithm('sac', SMALL)
    folder.mkdir()
    write_run(folder, next_start(folder, ROBOT, algorithm, {}, 'a'))
    update = Update(algorithm, 3, 1, seed=5)
    state = {'update': update.state_dict(), 'policy_version': 4}
    Checkpoints(folder / CHECKPOINTS).save(state, 30)
    save_policy(folder / POLICY_FILE, update.policy(4))
    return folder


def exit_code(*arguments: str) -> int:
    """Return the exit code of the command line."""
    with pytest.raises(SystemExit) as ended:
        export.main(arguments)
    return int(ended.value.code or 0)


@pytest.mark.parametrize('name', sorted(FORMATS))
@pytest.mark.parametrize('variant', VARIANTS)
def test_a_file_computes_the_same_as_the_policy(variant: str, name: str, tmp_path: Path) -> None:
    """The pendulum's command is twice its action: -2 to 2 N m."""
    original = VARIANTS[variant]
    content, worst = export.export(original, name)
    assert worst <= 1e-5
    observation = np.array([[0.6, -0.8, 1.5]], np.float32)
    action, command = FORMATS[name].compute(content, observation)
    expected = Policy(original.parameters).act(
        observation[0], np.random.default_rng(0), deterministic=True
    )
    assert action[0] == pytest.approx(expected, abs=1e-5)
    assert command[0] == pytest.approx(2.0 * expected, abs=2e-5)
    path = tmp_path / f'policy{FORMATS[name].suffix}'
    path.write_bytes(content)
    read = load_source(path)
    assert read.robot == ROBOT
    assert read.parameters.version == 7
    assert read.parameters.fingerprint == Spaces(ROBOT).fingerprint
    rng = np.random.default_rng(0)
    again = Policy(read.parameters).act(observation[0], rng, deterministic=True)
    assert again == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize('variant', VARIANTS)
def test_old_versions_of_onnx_runtime_read_a_file(variant: str) -> None:
    """People meet runtimes that refuse a newer IR version or opset (onnxruntime#15874, #20559)."""
    model = onnx.load_model_from_string(onnx_file.encode(VARIANTS[variant]))
    assert model.ir_version == 4
    assert [(item.domain, item.version) for item in model.opset_import] == [('', 7)]
    for node in model.graph.node:
        assert onnx.defs.get_schema(node.op_type, 7).since_version <= 7
    assert [item.name for item in model.graph.input] == ['observation']


def test_a_program_without_a_json_reader_finds_names_and_bounds() -> None:
    """As lists with one item a line (IsaacLab#998, mjlab#903)."""
    model = onnx.load_model_from_string(onnx_file.encode(policy()))
    texts = {item.key: item.value for item in model.metadata_props}
    assert texts['rl_observation_names'] == 'cos_angle\nsin_angle\nvelocity'
    assert texts['rl_action_names'] == 'pivot'
    assert (texts['rl_command_low'], texts['rl_command_high']) == ('-2.0', '2.0')
    assert texts['rl_rate_hz'] == '20.0'


def test_the_numpy_file_is_complete_and_a_robot_accepts_it(tmp_path: Path) -> None:
    """It includes exploration and bounds."""
    path = tmp_path / 'policy.npz'
    path.write_bytes(export.export(VARIANTS['gsde'], 'npz')[0])
    parameters = load_policy(path)
    assert parameters.architecture == VARIANTS['gsde'].parameters.architecture
    assert PolicyStore(Spaces(ROBOT)).offer(parameters)
    with np.load(path, allow_pickle=False) as archive:
        assert archive['command_low'].tolist() == [-2.0]
        assert archive['command_high'].tolist() == [2.0]
        assert archive['observation_names'].tolist() == ['cos_angle', 'sin_angle', 'velocity']
        assert archive['observation_high'].tolist() == [1.0, 1.0, 8.0]


def test_without_a_robot_the_command_is_the_action(tmp_path: Path) -> None:
    alone = PolicyWithRobot(VARIANTS['relu'].parameters)
    for name in FORMATS:
        content, _ = export.export(alone, name)
        action, command = FORMATS[name].compute(content, np.zeros((2, 3), np.float32))
        assert command == pytest.approx(action)
        path = tmp_path / f'policy{FORMATS[name].suffix}'
        path.write_bytes(content)
        assert load_source(path).robot is None


def test_a_file_that_computes_something_else_is_not_written(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = dataclasses.replace(
        FORMATS['onnx'], encode=lambda _: onnx_file.encode(VARIANTS['relu'])
    )
    monkeypatch.setitem(FORMATS, 'onnx', wrong)
    assert exit_code(str(run)) == 1
    assert 'format onnx: differs from the live policy by' in capsys.readouterr().err
    assert not (run / 'export').exists()


def test_run_checkpoint_and_file_give_the_same_policy(run: Path) -> None:
    checkpoint = next((run / CHECKPOINTS).iterdir())
    policies = [load_source(path) for path in (run, checkpoint, run / POLICY_FILE)]
    (run / POLICY_FILE).unlink()
    policies.append(load_source(run))
    for item in policies:
        assert item.parameters.parameters.tolist() == policies[0].parameters.parameters.tolist()
        assert item.robot == ROBOT
        assert item.parameters.version == 4


def test_the_command_writes_all_formats_and_overwrites_nothing(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(str(run)) == 0
    names = sorted(path.name for path in (run / 'export').iterdir())
    assert names == ['policy.npz', 'policy.onnx', 'policy.pt']
    before = (run / 'export' / 'policy.onnx').read_bytes()
    (run / 'export' / 'policy.onnx').write_bytes(b'mine')
    assert exit_code(str(run)) == 2
    assert 'exists already; accepted: a new name, or --force' in capsys.readouterr().err
    assert (run / 'export' / 'policy.onnx').read_bytes() == b'mine'
    assert exit_code(str(run), '--force') == 0
    assert (run / 'export' / 'policy.onnx').read_bytes() == before
    again = tmp_path / 'again'
    capsys.readouterr()
    assert exit_code(str(run / 'export' / 'policy.pt'), '--out', str(again), '--json') == 0
    content = json.loads(capsys.readouterr().out)
    assert content['robot'] == 'pendulum'
    assert content['files']['onnx']['file'] == str(again / 'policy.onnx')
    assert content['files']['onnx']['bytes'] == (again / 'policy.onnx').stat().st_size


def test_a_path_without_a_policy_is_named(run: Path, tmp_path: Path) -> None:
    (tmp_path / 'nothing').mkdir()
    (tmp_path / 'half.onnx').write_bytes(export.export(VARIANTS['relu'], 'onnx')[0][:900])
    (tmp_path / 'half.npz').write_bytes((run / POLICY_FILE).read_bytes()[:400])
    (tmp_path / 'text.pt').write_text('text', encoding='utf-8')
    checkpoint = next((run / CHECKPOINTS).iterdir())
    half = checkpoint.with_name('checkpoint_000000000099.pt')
    half.write_bytes(checkpoint.read_bytes()[:2000])
    cases: list[tuple[Path, type[Exception], str]] = [
        (tmp_path / 'nothing', ConfigurationError, r'no run\.json'),
        (tmp_path / 'missing', ConfigurationError, 'no such file; accepted: the folder of a run'),
        (tmp_path / 'half.onnx', PolicyError, 'cannot be read'),
        (tmp_path / 'half.npz', PolicyError, 'cannot be read as a policy'),
        (
            tmp_path / 'text.pt',
            ConfigurationError,
            'not a TorchScript file or damaged, and not',
        ),
        (half, TrainingError, 'damaged or incomplete'),
    ]
    for path, kind, words in cases:
        with pytest.raises(kind, match=words):
            load_source(path)


def test_a_damaged_newest_checkpoint_is_skipped(run: Path) -> None:
    (run / POLICY_FILE).unlink()
    (run / CHECKPOINTS / 'checkpoint_000000000099.pt').write_bytes(b'half')
    assert load_source(run).parameters.version == 4


def test_a_policy_for_another_robot_is_refused(run: Path, tmp_path: Path) -> None:
    text = find_file('robots', 'pendulum').read_text(encoding='utf-8')
    other = tmp_path / 'other.yaml'
    other.write_text(text.replace('rate_hz: 20', 'rate_hz: 50'), encoding='utf-8')
    signed = tmp_path / 'signed.npz'
    save_policy(signed, VARIANTS['relu'].parameters)
    with pytest.raises(ConfigurationError, match='fingerprint'):
        load_source(signed, str(other))
    wide = PolicyArchitecture(5, 2, (4,))
    save_policy(signed, PolicyParameters(wide, np.zeros(wide.num_parameters, np.float32)))
    with pytest.raises(ConfigurationError, match='5 observations and 2 actions; accepted: 3 and'):
        load_source(signed, 'pendulum')
