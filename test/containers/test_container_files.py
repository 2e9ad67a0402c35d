# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Container files name only what exists, and keep to what makes containers safe to stop."""

import ast
import dataclasses
import json
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any

from container_files import is_sent_to_docker, read_compose, read_dockerfile
import pytest
from rl_agent.bringup.robot_parameters import AgentParameters
from rl_agent.configuration import find_file
from rl_agent.health.rl_health import make_parser
from rl_learner.bringup.parameters import (
    LearnerParameters,
    RecorderParameters,
    ReplayBridgeParameters,
)
from rl_learner.cli.demo import parse_arguments

DOCKERFILES = ('learner', 'robot')
COMPOSE_FILES = ('learner', 'robot', 'simulation')
GIVEN = {'ROBOT': 'pendulum', 'RUN': 'first'}
PARAMETERS: dict[str, Any] = {
    'agent': AgentParameters,
    'learner': LearnerParameters,
    'recorder': RecorderParameters,
    'replay_bridge': ReplayBridgeParameters,
}
# Those of the Compose Specification that are used here.
SERVICE_KEYS = {
    'build',
    'command',
    'environment',
    'healthcheck',
    'image',
    'ipc',
    'network_mode',
    'pid',
    'restart',
    'shm_size',
    'stop_grace_period',
    'ulimits',
    'user',
    'volumes',
}
LEARNER_SAVES_WITHIN_S = 20  # launch gives a node so long, too


def service_items(workspace: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Return file, name and content of each service."""
    return [
        (file, name, service)
        for file in COMPOSE_FILES
        for name, service in read_compose(workspace / 'docker' / f'{file}.yaml', GIVEN)[
            'services'
        ].items()
    ]


def executables(workspace: Path, package: str) -> set[str]:
    """Return the names of a package's console scripts."""
    text = (workspace / 'src' / package / 'setup.py').read_text(encoding='utf-8')
    return set(re.findall(rf"'(\w+) = {package}\.", text))


@pytest.mark.parametrize('name', DOCKERFILES)
def test_base_images_have_tags_and_the_last_stage_is_not_roots(workspace: Path, name: str) -> None:
    stages = read_dockerfile(workspace / 'docker' / f'{name}.Dockerfile')
    named = {f'${{{item.rest.split("=")[0]}}}': item.rest.split('=')[1] for item in stages[0]}
    built = set()
    for stage in stages[1:]:
        base, *rest = stage[0].rest.split()
        for variable, default in named.items():
            base = base.replace(variable, default)
        assert base in built or (':' in base and not base.endswith(':latest')), base
        built |= set(rest[1:])
    last = {item.name: item for item in stages[-1]}
    assert last['USER'].rest == '1000:1000'
    assert last['ENTRYPOINT'].words()[:2] == ['tini', '--'], 'signals must reach the processes'
    assert last['CMD'].words()


@pytest.mark.parametrize('name', DOCKERFILES)
def test_what_is_copied_exists_and_is_sent(workspace: Path, name: str) -> None:
    ignore = workspace / '.dockerignore'
    stages = read_dockerfile(workspace / 'docker' / f'{name}.Dockerfile')
    copied = [item.rest.split() for stage in stages for item in stage if item.name == 'COPY']
    sources = [words[0] for words in copied if not words[0].startswith('--from=')]
    assert sources
    for source in sources:
        assert (workspace / source).exists(), source
        assert is_sent_to_docker(source, ignore), source


def test_nothing_private_or_large_is_sent_to_docker(workspace: Path) -> None:
    ignore = workspace / '.dockerignore'
    for path in (
        '.git/config',
        '.venv/bin/python',
        'runs/first/policy.npz',
        'test/conftest.py',
        'src/rl_agent/test/conftest.py',
        'src/rl_agent/rl_agent/__pycache__/errors.pyc',
    ):
        assert not is_sent_to_docker(path, ignore), path
    for path in ('src/rl_agent/rl_agent/errors.py', 'docker/robot_entrypoint', 'tools/x.py'):
        assert is_sent_to_docker(path, ignore), path


@pytest.mark.parametrize('name', DOCKERFILES)
def test_no_layer_keeps_lists_of_packages(workspace: Path, name: str) -> None:
    stages = read_dockerfile(workspace / 'docker' / f'{name}.Dockerfile')
    runs = [item.rest for stage in stages for item in stage if item.name == 'RUN']
    with_apt = [run for run in runs if 'apt-get' in run]
    assert with_apt
    for run in with_apt:
        assert '--no-install-recommends' in run
        assert run.endswith('rm -rf /var/lib/apt/lists/*')
    for run in runs:
        assert 'pip install' not in run, 'versions are pinned in requirements/'


def test_hadolint_accepts_the_dockerfiles(workspace: Path) -> None:
    program = shutil.which('hadolint', path=str(workspace / '.venv' / 'bin')) or shutil.which(
        'hadolint'
    )
    if program is None:
        pytest.skip('no hadolint on this machine: `make setup` brings it')
    files = [f'docker/{name}.Dockerfile' for name in DOCKERFILES]
    done = subprocess.run(
        [program, *files], cwd=workspace, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_variable_without_a_default_must_be_given(workspace: Path) -> None:
    for file in ('learner', 'robot'):
        with pytest.raises(KeyError, match='ROBOT'):
            read_compose(workspace / 'docker' / f'{file}.yaml', {'RUN': 'first'})


def test_services_have_only_known_keys_and_are_ended_in_time(workspace: Path) -> None:
    for file, name, service in service_items(workspace):
        assert service.keys() <= SERVICE_KEYS, f'{file}: {name}'
        assert int(service['stop_grace_period'].removesuffix('s')) > LEARNER_SAVES_WITHIN_S
        assert service['user'] == '1000:1000', 'that of the image'


def test_images_are_those_of_the_dockerfiles(workspace: Path) -> None:
    versions = {
        ast.literal_eval(text)
        for package in ('rl_agent', 'rl_learner')
        for text in re.findall(
            r"version=('[\d.]+')",
            (workspace / 'src' / package / 'setup.py').read_text(encoding='utf-8'),
        )
    }
    (version,) = versions
    for file, name, service in service_items(workspace):
        image, tag = service['image'].split(':')
        assert tag.split('-')[0] == version, f'{file}: {name}'
        dockerfile = service['build']['dockerfile']
        assert dockerfile == f'docker/{image.removeprefix("rl_")}.Dockerfile'
        assert (workspace / 'docker' / service['build']['context']).samefile(workspace)
        stages = read_dockerfile(workspace / dockerfile)
        arguments = {
            item.rest.split('=')[0] for stage in stages for item in stage if item.name == 'ARG'
        }
        assert service['build'].get('args', {}).keys() <= arguments


def test_network_and_shared_memory_are_the_hosts_together(workspace: Path) -> None:
    """Otherwise DDS discovers other processes, but no data arrives."""
    for file, name, service in service_items(workspace):
        modes = {service.get('network_mode'), service.get('ipc')}
        assert modes == ({'host'} if file != 'simulation' else {None}), f'{file}: {name}'


def test_the_learner_and_the_bridge_never_have_the_same_process_id(workspace: Path) -> None:
    """Reverb would take the bridge for a part of the learner, whose memory it cannot read."""
    services = read_compose(workspace / 'docker' / 'learner.yaml', GIVEN)['services']
    assert {service['pid'] for service in services.values()} == {'host'}


def test_folders_of_the_host_are_never_created_by_docker(workspace: Path) -> None:
    """Docker would create them for root, and a run could not be written."""
    for file, name, service in service_items(workspace):
        for volume in service['volumes']:
            if isinstance(volume, dict):
                assert volume['bind'] == {'create_host_path': False}, f'{file}: {name}'
                assert volume['target'].startswith('/data')
            else:
                assert volume == 'state:/data'
    robots = workspace / 'docker' / '..' / 'config' / 'robots'
    assert (robots / 'pendulum.yaml').is_file()


def test_commands_have_existing_executables_parameters_and_robots(workspace: Path) -> None:
    known = {'rl_robot': executables(workspace, 'rl_agent')}
    known['rl_learner'] = known['rl_robot'] | executables(workspace, 'rl_learner')
    for _, name, service in service_items(workspace):
        program, *words = service['command']
        assert program in known[service['image'].split(':')[0]]
        if program == 'demo':
            parse_arguments(words)
            continue
        assert (program, words[0]) == (name, '--ros-args')
        fields = {field.name for field in dataclasses.fields(PARAMETERS[program])}
        given = dict(word.split(':=') for word in words[1:] if not word.startswith('-'))
        assert given.pop('__ns', '/robot_1') == '/robot_1'
        assert given.keys() <= fields
        assert given['robot'] == 'pendulum'
        assert find_file('algorithms', given.get('algorithm', 'default')).is_file()


def test_health_checks_watch_the_node_of_their_service(workspace: Path) -> None:
    unwatched = {'recorder', 'simulation'}
    for _, name, service in service_items(workspace):
        if name in unwatched:
            assert 'healthcheck' not in service
            continue
        check = service['healthcheck']
        how, *words = check['test']
        words = [word for word in words if word != '/opt/rl/entrypoint']
        assert (how, words[0]) == ('CMD', 'rl_health')
        options = make_parser().parse_args(words[1:])
        assert options.node == {'agent': 'robot_1/agent'}.get(name, name)
        assert options.seconds < int(check['timeout'].removesuffix('s'))


def test_the_nodes_of_a_run_share_its_parameters(workspace: Path) -> None:
    services = read_compose(workspace / 'docker' / 'learner.yaml', GIVEN)['services']
    (words,) = {tuple(service['command'][1:]) for service in services.values()}
    assert 'run_folder:=runs/first' in words


def test_the_gpu_file_extends_the_learner(workspace: Path) -> None:
    content = read_compose(workspace / 'docker' / 'gpu.yaml', {})
    services = read_compose(workspace / 'docker' / 'learner.yaml', GIVEN)['services']
    assert list(content['services']) == ['learner']
    assert content['services'].keys() <= services.keys()


def test_the_dev_container_builds_an_existing_stage(workspace: Path) -> None:
    folder = workspace / '.devcontainer'
    content = json.loads((folder / 'devcontainer.json').read_text(encoding='utf-8'))
    dockerfile = (folder / content['build']['dockerfile']).resolve()
    assert dockerfile == workspace / 'docker' / 'learner.Dockerfile'
    assert (folder / content['build']['context']).resolve() == workspace
    stages = read_dockerfile(dockerfile)
    names = [stage[0].rest.split()[-1] for stage in stages[1:] if ' AS ' in stage[0].rest]
    assert content['build']['target'] in names
    created = [item.rest for stage in stages for item in stage if item.rest.startswith('useradd')]
    assert created
    assert all(run.endswith(f' {content["remoteUser"]}') for run in created)
    make, target = content['postCreateCommand'].split()
    makefile = (workspace / 'Makefile').read_text(encoding='utf-8')
    assert make == 'make'
    assert f'\n{target}:' in makefile
