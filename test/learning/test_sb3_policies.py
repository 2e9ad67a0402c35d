# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Policies of Stable-Baselines3 compute the same as agents' policies; nothing is executed."""

from pathlib import Path
import pickle
from typing import Any
import zipfile

import gymnasium
import numpy as np
import pytest
from rl_agent.environment.discrete_actions import DiscreteActions
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.policy.policy import Policy
from rl_learner.cli.export import main
from rl_learner.export.load_policy import load_source

pytest.importorskip('stable_baselines3', reason='the files are those of stable-baselines3')
pytest.importorskip('sb3_contrib', reason='TQC and QR-DQN are in sb3-contrib')
from sb3_contrib import QRDQN, TQC, TRPO
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
import torch

ACCEPTED = 'accepted: SAC, TQC, TD3 or DDPG with MlpPolicy, without use_sde'


def saved(kind: Any, path: Path, *, discrete: bool = False, **options: Any) -> Any:
    """Save an untrained model of the pendulum; return it."""
    env: Any = gymnasium.make('Pendulum-v1')
    env = DiscreteActions(env, levels=3) if discrete else env
    model = kind('MlpPolicy', env, device='cpu', seed=3, **options)
    model.save(path)
    return model


@pytest.mark.parametrize('kind', [SAC, TQC, TD3, DDPG])
@pytest.mark.parametrize(
    'networks',
    [
        {},
        {'net_arch': [7]},
        {'net_arch': [24, 16, 8], 'activation_fn': torch.nn.Tanh},
        {'net_arch': [16, 8], 'activation_fn': torch.nn.ELU},
    ],
)
def test_the_actions_are_the_same(tmp_path: Path, kind: Any, networks: dict[str, Any]) -> None:
    """Those of the model are turns of up to 2 N m, for actions in [-1, 1]."""
    model = saved(kind, tmp_path / 'model.zip', policy_kwargs=dict(networks))
    policy = Policy(load_source(tmp_path / 'model.zip').parameters)
    rng = np.random.default_rng(0)
    for observation in rng.normal(size=(50, 3)).astype(np.float32):
        expected, _ = model.predict(observation, deterministic=True)
        action = policy.act(observation, rng, deterministic=True)
        assert 2.0 * action == pytest.approx(expected, abs=1e-5)


def test_the_exploration_of_sac_is_the_same(tmp_path: Path) -> None:
    model = saved(SAC, tmp_path / 'model.zip')
    policy = Policy(load_source(tmp_path / 'model.zip').parameters)
    observation = np.array([0.5, -0.5, 1.0], np.float32)
    rows = torch.as_tensor(observation[None])
    mean, log_std, _ = model.policy.actor.get_action_dist_params(rows)
    found = policy.distribution(observation)
    assert found[0] == pytest.approx(mean.detach().numpy()[0], abs=1e-5)
    assert found[1] == pytest.approx(log_std.exp().detach().numpy()[0], rel=1e-5)


@pytest.mark.parametrize(
    ('kind', 'options', 'words'),
    [
        (PPO, {}, 'PPO, A2C or TRPO, whose actions are clipped'),
        (A2C, {}, 'PPO, A2C or TRPO, whose actions are clipped'),
        (TRPO, {}, 'PPO, A2C or TRPO, whose actions are clipped'),
        (DQN, {'discrete': True}, 'DQN, whose actions are numbers'),
        (QRDQN, {'discrete': True}, 'QR-DQN, whose actions are numbers'),
        (SAC, {'use_sde': True}, 'a policy with use_sde'),
        (TQC, {'use_sde': True}, 'a policy with use_sde'),
        (SAC, {'policy_kwargs': {'net_arch': {'pi': [], 'qf': [8]}}}, 'whose networks are not'),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, kind: Any, options: dict[str, Any], words: str
) -> None:
    path = tmp_path / 'model.zip'
    saved(kind, path, **options)
    with pytest.raises(ConfigurationError) as caught:
        load_source(path)
    assert f'policy: given {path}, {words}' in str(caught.value)
    assert ACCEPTED in str(caught.value)


def test_another_activation_is_refused(tmp_path: Path) -> None:
    saved(SAC, tmp_path / 'model.zip', policy_kwargs={'activation_fn': torch.nn.SiLU})
    with pytest.raises(ConfigurationError, match=r'SiLU.*; accepted: ReLU, ELU or Tanh'):
        load_source(tmp_path / 'model.zip')


def test_rl_export_makes_a_file_for_agents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = saved(SAC, tmp_path / 'sac.zip')
    out = tmp_path / 'deploy'
    words = [
        str(tmp_path / 'sac.zip'),
        '--robot',
        'pendulum',
        '--format',
        'npz',
        '--out',
        str(out),
    ]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0, capsys.readouterr().err
    made = load_source(out / 'policy.npz')
    assert made.robot is not None
    assert made.robot.name == 'pendulum'
    observation = np.array([1.0, 0.0, 0.5], np.float32)
    expected, _ = model.predict(observation, deterministic=True)
    action = Policy(made.parameters).act(observation, np.random.default_rng(0), deterministic=True)
    assert 2.0 * action == pytest.approx(expected, abs=1e-5)


def test_a_policy_of_another_robot_is_refused(tmp_path: Path) -> None:
    saved(SAC, tmp_path / 'model.zip')
    with pytest.raises(ConfigurationError, match='3 observations and 1 actions; accepted:'):
        load_source(tmp_path / 'model.zip', 'arm')


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        """Remember the file."""
        self._path = str(path)

    def __reduce__(self) -> Any:
        """Return what unpickling would call."""
        return open, (self._path, 'w')


def replace_member(path: Path, name: str, content: bytes) -> None:
    """Change a member of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {item: archive.read(item) for item in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for item, old in {**members, name: content}.items():
            archive.writestr(item, old)


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    path, trace = tmp_path / 'model.zip', tmp_path / 'trace'
    saved(SAC, path)
    replace_member(path, 'policy.pth', pickle.dumps({'actor.mu.weight': Bomb(trace)}))
    with pytest.raises(PolicyError, match=r'model\.zip: damaged, or no file of Stable-Basel'):
        load_source(path)
    assert not trace.exists()


@pytest.mark.parametrize('content', [b'', b'{', b'[1]', b'"text"'])
def test_damaged_settings_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / 'model.zip'
    saved(SAC, path)
    replace_member(path, 'data', content)
    with pytest.raises((ConfigurationError, PolicyError), match=r'model\.zip'):
        load_source(path)


def test_other_archives_and_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'other.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('readme.txt', 'no policy')
    with pytest.raises(ConfigurationError, match=r'without data and policy\.pth; accepted'):
        load_source(path)
    path.write_bytes(b'PK\3\4 and no more')
    with pytest.raises(PolicyError, match='damaged, or no file'):
        load_source(path)


def test_layers_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'model.zip'
    model = saved(SAC, path)
    state = model.policy.state_dict()
    state['actor.latent_pi.2.weight'] = torch.zeros(5, 5)
    torch.save(state, tmp_path / 'policy.pth')
    replace_member(path, 'policy.pth', (tmp_path / 'policy.pth').read_bytes())
    with pytest.raises(PolicyError, match=r'policy\.pth: the layers do not fit together'):
        load_source(path)
