# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The container images are built and the compose files run, without Docker and its registry.

Podman stands in for Docker, and a bare Debian for the base images. Takes 15 GB of disk and most of
an hour; `make test-containers` asks for it.
"""

from collections.abc import Iterator, Mapping
import contextlib
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

from fleet import running
from namespaces import connected, ROBOT, unavailable_reason
from podman import Podman, why_not
import pytest
from rl_agent.bringup.node_specs import agent, simulated_robot
from rl_learner.run.lock import run_state

pytestmark = pytest.mark.timeout(3600)
USER = 1000
LEARNER_IMAGE, ROBOT_IMAGE = 'rl_learner:0.1.0', 'rl_robot:0.1.0-jazzy'
COMPOSE = 'podman-compose==1.6.0'
PYTHON_BASE = """
RUN apt-get update && apt-get install --yes --no-install-recommends \
  ca-certificates python3-dev python3-venv
RUN ln -s /usr/bin/python3 /usr/local/bin/python3 && ln -s python3 /usr/local/bin/python
"""
# As ros:jazzy-ros-base: ROS 2 in a folder to source, build tools, NumPy and YAML from apt. Files
# of the wheels name paths of the machine that built them.
ROS_BASE = """
RUN apt-get update && apt-get install --yes --no-install-recommends \
  ca-certificates g++ make python3-dev python3-numpy python3-venv python3-yaml
RUN python3 -m venv --system-site-packages /opt/ros/jazzy
COPY ros.txt /ros.txt
RUN /opt/ros/jazzy/bin/pip install --no-deps --requirement /ros.txt \
 && /opt/ros/jazzy/bin/pip install colcon-common-extensions
RUN numpy=$(python3 -c 'import numpy; print(numpy.get_include())') \
 && sed -i -E -e "s#/opt/python/[^;\\"]*/numpy/_core/include#$numpy#g" \
   -e 's#/opt/python/[^;"]*/include/python3\\.[0-9]+#/usr/include/python3.11#g' \
   /opt/ros/jazzy/share/*/cmake/*.cmake
COPY setup.sh /opt/ros/jazzy/setup.sh
RUN ln -s setup.sh /opt/ros/jazzy/setup.bash
ENV ROS_DISTRO=jazzy
"""
ROS_SETUP = """
export AMENT_PREFIX_PATH=/opt/ros/jazzy CMAKE_PREFIX_PATH=/opt/ros/jazzy
export PATH="/opt/ros/jazzy/bin:$PATH" LD_LIBRARY_PATH=/opt/ros/jazzy/lib
export PYTHONPATH=/opt/ros/jazzy/lib/python3.11/site-packages
for folder in /opt/ros/jazzy/lib/python3.11/site-packages/*.libs; do
  LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$folder"
done
"""
# Sends a signal to the learner of a container, which has no pkill.
SIGNAL = """
import os, pathlib, signal, sys
for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
    program = path.read_bytes().split(b'\\0--ros-args')[0]
    if program.endswith(b'/opt/rl/.venv/bin/learner'):
        os.kill(int(path.parent.name), signal.Signals['SIG' + sys.argv[1]])
"""
START_S = 180.0
LEARNED, NOT_LEARNED = 0, 1  # exit codes of the demo


def until(holds: Any, timeout_s: float, what: str) -> None:
    """Wait until a function returns true."""
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, f'not within {timeout_s:g} s: {what}'
        time.sleep(1.0)


class Compose:
    """A compose file of this project, run by podman-compose."""

    def __init__(self, podman: Podman, program: Path, file: Path, **variables: str) -> None:
        """Remember what `up` needs."""
        self._command = [*podman.network, str(program), '--file', str(file)]
        self._environment = {**podman.environment, **variables}
        self._podman, self._folder = podman, file.parent

    def __call__(self, *words: str, timeout_s: float = 300.0) -> str:
        """Run a command of compose and return what it prints."""
        done = subprocess.run(
            [*self._command, *words],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Start the services and remove them afterwards."""
        try:
            self('up', '--detach', '--no-build')
            yield
        finally:
            self('down')


@pytest.fixture(scope='module')
def podman() -> Iterator[Podman]:
    if not os.environ.get('RL_TEST_CONTAINERS'):
        pytest.skip('images are built for minutes: `make test-containers`')
    if reason := why_not() or unavailable_reason():
        pytest.skip(reason)
    # not in pytest's folder: that of a test that failed would be kept
    asked = Path(os.environ['RL_TEST_CONTAINERS'])
    folder = asked if asked.is_dir() else Path(tempfile.mkdtemp(prefix='rl_podman_'))
    with connected() as network:
        # `ip netns exec` would hide the control groups
        enter = ['nsenter', f'--net=/run/netns/{network.prefix(ROBOT)[-1]}']
        podman = Podman(folder, enter, keep=folder == asked)
        try:
            podman.prepare()
            yield podman
        finally:
            podman.close()


@pytest.fixture(scope='module')
def compose_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('compose')
    subprocess.run([sys.executable, '-m', 'venv', folder], check=True)
    subprocess.run([folder / 'bin' / 'pip', 'install', '--quiet', COMPOSE], check=True)
    return folder / 'bin' / 'podman-compose'


@pytest.fixture(scope='module')
def learner_image(
    podman: Podman, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    context = tmp_path_factory.mktemp('python_base')
    podman.base_image('docker.io/library/python:3.11-slim-bookworm', PYTHON_BASE, context)
    podman.build(workspace / 'docker' / 'learner.Dockerfile', LEARNER_IMAGE, workspace)
    return LEARNER_IMAGE


@pytest.fixture(scope='module')
def robot_image(podman: Podman, workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    context = tmp_path_factory.mktemp('ros_base')
    (context / 'setup.sh').write_text(ROS_SETUP)
    (context / 'ros.txt').write_text(ros_packages())
    podman.base_image('docker.io/library/ros:jazzy-ros-base', ROS_BASE, context)
    podman.build(workspace / 'docker' / 'robot.Dockerfile', ROBOT_IMAGE, workspace)
    return ROBOT_IMAGE


def ros_packages() -> str:
    """Return the packages of this environment that come with ROS 2 from apt."""
    listed = subprocess.run(
        [sys.executable, '-m', 'pip', 'list', '--format=json'],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    tools = ('catkin-pkg', 'cmake', 'empy', 'lark-parser', 'ninja')
    return '\n'.join(
        f'{item["name"]}=={item["version"]}'
        for item in json.loads(listed)
        if item['name'].startswith('ros-') or item['name'] in tools
    )


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return a folder of runs that belongs to the containers' user."""
    folder = tmp_path / 'runs'
    folder.mkdir()
    os.chown(folder, USER, USER)
    return folder


def inside(podman: Podman, image: str, program: str, *options: str) -> str:
    """Return what a shell program prints in a new container."""
    words = ['run', '--rm', '--network=none', *options, image, 'sh', '-c', program]
    return podman(*words, timeout_s=600).strip()


def is_healthy(podman: Podman, container: str) -> bool:
    """Return whether the health check of a container succeeds."""
    try:
        podman('healthcheck', 'run', container)
    except AssertionError:
        return False
    return True


def exit_code(podman: Podman, container: str) -> int:
    """Return the exit code of a container."""
    return int(podman('inspect', '--format', '{{.State.ExitCode}}', container))


def test_the_learner_image_holds_what_runs_and_nothing_that_builds(
    podman: Podman, learner_image: str
) -> None:
    said = inside(podman, learner_image, 'id -u; cat /proc/1/comm')
    assert said.split() == [str(USER), 'tini']
    tools = 'for name in c++ cmake git make ninja; do command -v $name; done; true'
    assert inside(podman, learner_image, tools) == ''
    left = 'ls -A /var/lib/apt/lists; ls -A /opt/rl; du -sm /opt/rl | cut -f1'
    *folders, size_mb = inside(podman, learner_image, left).split()
    assert sorted(folders) == ['.venv', '.venv.lock', 'requirements', 'src', 'tools']
    assert int(size_mb) < 4500, 'with the CPU build of PyTorch'
    needed = 'import rclpy, reverb, rl_agent, rl_learner, rl_msgs.msg, torch'
    assert inside(podman, learner_image, f'python -c "{needed}; print(42)"').endswith('42')
    assert 'hypothesis' not in inside(podman, learner_image, 'pip list')


def test_any_user_can_run_it_and_a_folder_of_another_user_is_named(
    podman: Podman, learner_image: str, runs: Path
) -> None:
    mount = f'--volume={runs}:/data/runs'
    said = podman(
        *('run', '--rm', '--user=1234:1234', mount, learner_image, 'learner', '--ros-args'),
        *('-p', 'robot:=pendulum', '-p', 'run_folder:=runs/first'),
        check=False,
    )
    assert 'run folder: given runs/first: Permission denied' in said
    os.chown(runs, 1234, 1234)
    words = ['run', '--rm', '--user=1234:1234', mount, learner_image, 'demo', '--steps=200']
    podman(*words, '--name=mine', timeout_s=600, check=False)  # too short to have learned
    assert (runs / 'mine' / 'run.json').stat().st_uid == 1234


def test_a_simulation_learns_and_is_stopped_in_order(
    podman: Podman, learner_image: str, compose_program: Path, workspace: Path, runs: Path
) -> None:
    file = workspace / 'docker' / 'simulation.yaml'
    compose = Compose(podman, compose_program, file, RUNS=str(runs), NAME='first')
    with compose.up():
        name = 'rl_simulation_simulation_1'
        until(lambda: 'updates' in podman('logs', name), START_S, 'updates in the log')
        until(lambda: run_state(runs / 'first') == 'running', START_S, 'a learner that runs')
        began_s = time.monotonic()
        podman('stop', '--time=30', name)
        assert exit_code(podman, name) in (LEARNED, NOT_LEARNED), podman('logs', name)
        assert time.monotonic() - began_s < 30.0, 'it was killed'
    assert run_state(runs / 'first') == 'stopped'
    assert (runs / 'first' / 'policy.npz').stat().st_uid == USER


def test_a_learner_serves_robots_outside_and_its_health_is_seen(
    podman: Podman,
    learner_image: str,
    compose_program: Path,
    workspace: Path,
    runs: Path,
    ros_environment: Mapping[str, str],
    tmp_path: Path,
) -> None:
    environment = {
        **ros_environment,
        'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4',  # these tests are root, the containers are not
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
    }
    compose = Compose(
        podman,
        compose_program,
        workspace / 'docker' / 'learner.yaml',
        RUNS=str(runs),
        ROBOT='pendulum',
        RUN='first',
        ROS_DOMAIN_ID=environment['ROS_DOMAIN_ID'],
    )
    nodes = [simulated_robot('pendulum', 'robot_1', real_time=True)]
    nodes += [agent('pendulum', 'robot_1', spool_folder='')]
    with compose.up(), running(nodes, environment, tmp_path, podman.network):
        learner = 'rl_learner_learner_1'
        journal = runs / 'first' / 'experience'
        until(lambda: any(journal.glob('*.mcap')), START_S, 'a journal')
        for name in (learner, 'rl_learner_replay_bridge_1'):
            until(lambda name=name: is_healthy(podman, name), START_S, f'{name} is healthy')
        curves = runs / 'first' / 'tensorboard'
        until(lambda: curves.is_dir() and any(curves.iterdir()), START_S, 'curves')
        podman('exec', learner, 'python', '-c', SIGNAL, 'STOP')
        with pytest.raises(AssertionError, match='reported nothing'):
            podman('exec', learner, 'rl_health', 'learner', '--seconds', '3')
        podman('exec', learner, 'python', '-c', SIGNAL, 'CONT')
        podman('stop', '--time=30', learner)
        assert exit_code(podman, learner) == 0, podman('logs', learner)
        assert run_state(runs / 'first') == 'stopped'
        podman('start', learner)
        until(lambda: run_state(runs / 'first') == 'running', START_S, 'the run goes on')


def test_the_robot_image_runs_an_agent_of_the_robots_user(
    podman: Podman, robot_image: str, ros_environment: Mapping[str, str], tmp_path: Path
) -> None:
    assert inside(podman, robot_image, 'id -u; cat /proc/1/comm').split() == [str(USER), 'tini']
    left = inside(podman, robot_image, 'ls -A /opt/rl').split()
    assert left == ['.venv', 'entrypoint', 'install']
    environment = {**ros_environment, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'}
    domain = f'--env=ROS_DOMAIN_ID={environment["ROS_DOMAIN_ID"]}'
    host = ['--network=host', '--ipc=host', domain]
    robot = ['simulated_robot', '--ros-args', '-r', '__ns:=/robot_1', '-p', 'robot:=pendulum']
    words = ['agent', '--ros-args', '-r', '__ns:=/robot_1', '-p', 'robot:=pendulum']
    podman('run', '--detach', '--name=body', *host, robot_image, *robot, '-p', 'real_time:=true')
    podman('run', '--detach', '--name=mind', *host, robot_image, *words)

    def health() -> str:
        command = ['exec', 'mind', '/opt/rl/entrypoint', 'rl_health', 'robot_1/agent']
        return podman(*command, check=False)

    try:
        until(lambda: 'waiting for a policy' in health(), START_S, 'an agent that waits')
        checked = ['run', '--rm', *host, robot_image, 'check_robot', 'pendulum']
        assert 'observation' in podman(*checked, '--namespace=robot_1', check=False)
        podman('stop', '--time=30', 'mind')
        assert exit_code(podman, 'mind') == 0, podman('logs', 'mind')
    finally:
        podman('rm', '--force', '--time=0', 'mind', 'body', check=False)
