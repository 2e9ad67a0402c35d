# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Nodes that are started with key files that they cannot use, or with none."""

from pathlib import Path

from fleet import run_module, running
from live_robot import live_robot
import pytest
from rl_agent.errors import WRONG_CONFIGURATION
from rl_agent.security.key_folder import make_keys

NODES = {
    'trusted_keys': 'rl_agent.nodes.agent_node',
    'fleet_key': 'rl_learner.nodes.replay_bridge_node',
    'signing_key': 'rl_learner.nodes.learner_node',
}
FILES = {
    'trusted_keys': 'trusted_keys.pem',
    'fleet_key': 'fleet_key.txt',
    'signing_key': 'signing_key.pem',
}


def spoil(path: Path, how: str) -> str:
    """Spoil a key file; return what is then to be said."""
    if how == 'missing':
        path.unlink()
        return 'No such file or directory; accepted: a key file that `rl_keys make` wrote'
    if how == 'open':
        path.chmod(0o666)
        return 'with permissions 0666: others may'
    path.write_text('no key')
    return 'damaged'


@pytest.mark.parametrize('parameter', list(NODES))
@pytest.mark.parametrize('how', ['missing', 'open', 'corrupt'])
def test_a_key_file_that_cannot_be_used_is_one_error_at_start(
    ros_environment: dict[str, str], tmp_path: Path, parameter: str, how: str
) -> None:
    make_keys(tmp_path / 'keys')
    path = tmp_path / 'keys' / FILES[parameter]
    words = spoil(path, how)
    done = run_module(
        NODES[parameter],
        '--ros-args',
        *('-p', 'robot:=pendulum', '-p', f'{parameter}:={path}'),
        environment=ros_environment,
        cwd=tmp_path,
    )
    assert done.returncode == WRONG_CONFIGURATION
    assert f'{parameter}: given {path}' in done.stderr
    assert words in done.stderr
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'runs').exists()


def test_an_age_without_keys_is_refused(ros_environment: dict[str, str], tmp_path: Path) -> None:
    done = run_module(
        NODES['trusted_keys'],
        '--ros-args',
        *('-p', 'robot:=pendulum', '-p', 'policy_max_age_s:=5.0'),
        environment=ros_environment,
        cwd=tmp_path,
    )
    assert done.returncode == WRONG_CONFIGURATION
    assert 'policy_max_age_s: given 5 without trusted_keys; accepted' in done.stderr


def test_an_agent_without_keys_says_so_once(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    with live_robot('/open', tmp_path) as (robot, path):
        spec = robot.spec
        parameters = {'robot': str(path), 'spool_folder': ''}
        spec = type(spec)(spec.package, spec.executable, spec.namespace, parameters)
        with running([spec], ros_environment, tmp_path):
            robot.until_status(lambda status: True, 'the first status')
        log = (tmp_path / f'{spec.name}.log').read_text()
    assert log.count('no trusted_keys, no fleet_key: anyone on this network may act') == 1
