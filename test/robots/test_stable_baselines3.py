# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The scripts of docs/stable_baselines3.md train in real time, between episodes."""

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

from fleet import running
import numpy as np
import pytest
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.configuration import config_folder
import yaml

pytest.importorskip('stable_baselines3', reason='the page is about stable-baselines3')
pytest.importorskip('sb3_contrib', reason='the page shows learners of sb3-contrib')
torch = pytest.importorskip('torch', reason='stable-baselines3 needs it')
pytestmark = pytest.mark.timeout(300)
PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'stable_baselines3.md'
SCRIPTS = re.findall(r'```python\n(.*?)```', PAGE.read_text(encoding='utf-8'), re.DOTALL)
EPISODE_STEPS = 10


@pytest.fixture(scope='module')
def robot(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run a pendulum in real time whose episodes are short; return its file.

    On a busy machine its watchdogs must not end an episode early.
    """
    folder = tmp_path_factory.mktemp('robot')
    content = yaml.safe_load((config_folder() / 'robots' / 'pendulum.yaml').read_text())
    content['episode_steps'] = EPISODE_STEPS
    patient = {'max_age_s': 60.0}
    content['safety'] = {'sensor_watchdog': patient, 'command_watchdog': patient}
    path = folder / 'pendulum.yaml'
    path.write_text(yaml.safe_dump(content))
    spec = simulated_robot(str(path), 'learner', seed=5, real_time=True)
    with running([spec], ros_environment, folder):
        yield str(path)


def adapted(script: str, robot: str) -> str:
    """Return a script for the pendulum, and for a few episodes."""
    for old, new in {
        "RosEnv('my_arm.yaml', real_time=True)": (
            f"RosEnv({robot!r}, 'learner', real_time=True, robot_timeout_s=60.0)"
        ),
        'learn(100_000)': f'learn({6 * EPISODE_STEPS}, callback=callback)',
        "'MlpPolicy', ": "'MlpPolicy', device='cpu', seed=0, env=",
    }.items():
        assert old in script, script
        script = script.replace(old, new)
    # off-policy learners wait for 100 steps or more by default
    return script.replace('gradient_steps=-1', 'gradient_steps=-1, learning_starts=15')


def learners() -> dict[str, str]:
    """Return the name of each learner of the page, with its script."""
    found = {}
    for script in SCRIPTS:
        for name in re.findall(r'import (\w+)$', script, re.MULTILINE):
            if f'model = {name}(' in script:
                found[name] = script
    return found


def test_the_page_shows_all_kinds() -> None:
    assert set(learners()) == {'PPO', 'A2C', 'TRPO', 'DQN', 'QRDQN', 'SAC'}


@pytest.mark.parametrize('name', learners())
def test_a_script_trains_between_episodes(
    robot: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stable_baselines3.common.callbacks import BaseCallback

    class Boundaries(BaseCallback):
        """Notes where training begins."""

        def __init__(self) -> None:
            super().__init__()
            self.steps: list[int] = []
            self.between_episodes: list[bool] = []

        def _on_step(self) -> bool:
            return True

        def _on_rollout_end(self) -> None:
            self.steps.append(self.num_timesteps)
            self.between_episodes.append(bool(self.locals['dones'].all()))

    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)  # with few cores, several threads wait for each other
    callback = Boundaries()
    known: dict[str, Any] = {'callback': callback}
    exec(compile(adapted(learners()[name], robot), str(PAGE), 'exec'), known)
    model = known['model']
    assert callback.between_episodes
    assert all(callback.between_episodes)
    assert all(steps % EPISODE_STEPS == 0 for steps in callback.steps)
    lengths = [episode['l'] for episode in model.ep_info_buffer]
    assert len(lengths) >= 5
    assert set(lengths) == {EPISODE_STEPS}
    assert (tmp_path / f'{name.lower()}.zip').is_file()
    again = type(model).load(tmp_path / f'{name.lower()}.zip')
    action, _ = again.predict(np.zeros(3, np.float32))
    assert again.action_space.contains(action)
