# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The ready descriptions of robots that people own fit the robots' drivers.

Reported of real robots: turtlebot4#513 (a type that nobody hears), turtlebot4#390 (rays that
shift), turtlebot4#511 (a lidar turned by 90 degrees), turtlebot4#312 (a base with another clock),
create3_docs#622 (a base that refuses to back up), Universal_Robots_ROS2_Driver#1512 (joints in
another order), franka_ros2#186 (an arm that refuses steps), unitree_mujoco#78 and unitree_crc#3
(checksums), unitree_ros#103 (no velocity while the motors are commanded), PX4-Autopilot#20624
(qualities), px4_ros_com#224 (heartbeats).
"""

from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any

from fake_arms import Fr3, So101, Ur5e, Ur5eTrajectory
from fake_driver import FakeDriver
from fake_flying_and_walking_robots import Go2, Px4
from fake_mobile_robots import F1Tenth, for_humble, TurtleBot4, TurtleBot4Humble, WALL_M
import numpy as np
import pytest
from rl_agent.configuration import config_folder
from rl_agent.robot_check.check_robot import main
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from rl_agent.ros_env import RosEnv
from stand_in_messages import stand_in_messages

pytestmark = pytest.mark.timeout(900)  # with the compilation of message packages
WITHIN_S = 30.0
STEPS = 5


@dataclass(frozen=True)
class Case:
    """A robot.

    Attributes:
        driver: what drives it.
        action: what the policy does at each step, in [-1, 1].
        first: its first commands in an episode.
        last: the command to which these lead.
        stopped: the command of an emergency stop.
        edit: makes another description of that of `config/robots`.
    """

    driver: type[FakeDriver]
    action: list[float]
    first: list[list[float]]
    last: list[float]
    stopped: list[float]
    edit: Callable[[str], str] = lambda text: text


def ramp(begin: list[float], step: float, count: int) -> list[list[float]]:
    """Return commands that grow by the same step in all numbers."""
    return [[number + step * turn for number in begin] for turn in range(1, count + 1)]


def arm(driver: type[FakeDriver], begin: list[float], step: float) -> Case:
    """Return an arm whose joints are all told to turn as far as they may; a stop holds them.

    Joints are in the order of the controller.
    """
    commands = ramp(begin, step, STEPS)
    return Case(driver, [1.0] * len(begin), commands[:3], commands[-1], commands[-1])


# speed: 0 to 0.15 m/s, at most 0.5 m/s^2; turning: at most 1 rad/s and 2 rad/s^2
_TURTLEBOT: dict[str, Any] = {
    'action': [1.0, 0.5],
    'first': [[0.05, 0.2], [0.1, 0.4], [0.15, 0.5]],
    'last': [0.15, 0.5],
    'stopped': [0.0, 0.0],
}
_UR5E = [0.0, -1.57, 1.57, -1.57, -1.57, 0.0]
_FR3 = [0.0, -0.785, 0.0, -2.356, 0.0, 1.57, 0.785]
_SO101 = [0.0, -0.6, 0.4, 0.4, 0.0]
CASES = {
    'turtlebot4': Case(TurtleBot4, **_TURTLEBOT),
    'turtlebot4_humble': Case(TurtleBot4Humble, **_TURTLEBOT, edit=for_humble),
    'ur5e': arm(Ur5e, _UR5E, 0.3 / 50),
    'ur5e_trajectory': arm(Ur5eTrajectory, _UR5E, 0.3 / 10),
    # 8 rad/s at 50 Hz; hips turn by 0.2 rad at most, the others by 0.4
    'go2': Case(
        Go2,
        action=[1.0] * 12,
        first=[[0.16, 0.91, -1.34] * 4, [0.2, 1.07, -1.18] * 4, [0.2, 1.15, -1.1] * 4],
        last=[0.2, 1.15, -1.1] * 4,
        stopped=[0.2, 1.15, -1.1] * 4,
    ),
    'fr3': arm(Fr3, _FR3, 0.25 / 20),
    # speed: 0 to 1 m/s, at most 1 m/s^2; steering: at most 2 rad/s
    'f1tenth': Case(
        F1Tenth,
        action=[1.0, 0.5],
        first=[[0.05, 0.1], [0.1, 0.125], [0.15, 0.125]],
        last=[0.25, 0.125],
        stopped=[0.0, 0.0],
    ),
    # north, east, down: at most 1, 1 and 0.5 m/s^2; yaw: 1 rad/s^2
    'px4': Case(
        Px4,
        action=[1.0, -1.0, 0.5, 0.2],
        first=[[0.05, -0.05, 0.025, 0.05], [0.1, -0.1, 0.05, 0.1], [0.15, -0.15, 0.075, 0.1]],
        last=[0.25, -0.25, 0.125, 0.1],
        stopped=[0.0] * 4,
    ),
    'so101': arm(So101, _SO101, 0.5 / 10),
}


@pytest.fixture(scope='module')
def environment(ros_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Provide the message packages, built once for all robots."""
    variables = ros_environment
    with contextlib.ExitStack() as stack:
        for package in ('ackermann_msgs', 'control_msgs', 'px4_msgs', 'unitree_go'):
            variables = stack.enter_context(stand_in_messages(package, variables))
        yield variables


def patient(text: str, age_s: float) -> str:
    """Return a description with ages that suit a busy machine; `safety` is its last section."""
    text = re.sub(r'max_age_s: [\d.]+', f'max_age_s: {age_s}', text)
    watchdog = f'  command_watchdog: {{max_age_s: {WITHIN_S}}}\n'
    return text if 'command_watchdog' in text else text + watchdog


@contextlib.contextmanager
def started(
    name: str, folder: Path, *, lockstep: bool = False, age_s: float = WITHIN_S
) -> Iterator[tuple[Case, FakeDriver, str]]:
    """Yield a robot's case, its driver and the path of its description."""
    case = CASES[name]
    path = folder / f'{name}.yaml'
    source = config_folder() / 'robots' / f'{case.driver.robot}.yaml'
    path.write_text(patient(case.edit(source.read_text()), age_s))
    driver = case.driver(f'{name}_{lockstep:d}', lockstep=lockstep, path=str(path))
    with contextlib.closing(driver):
        yield case, driver, str(path)


def is_near(command: list[float], wanted: list[float]) -> bool:
    """Return whether two commands are the same but for float32."""
    return bool(np.allclose(command, wanted, atol=1e-5))


def heard(commands: list[list[float]], wanted: list[list[float]]) -> int:
    """Return how many of some commands are among others, in their order."""
    count = 0
    for item in wanted:
        places = [place for place, command in enumerate(commands) if is_near(command, item)]
        if places:
            count, commands = count + 1, commands[places[0] + 1 :]
    return count


@pytest.mark.parametrize('name', CASES)
def test_it_is_as_described_and_drives_in_real_time(
    environment: dict[str, str], tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with started(name, tmp_path) as (case, driver, path):
        with pytest.raises(SystemExit) as ended:
            main([path, '--namespace', driver.namespace, '--seconds', '1'])
        assert ended.value.code == 0, capsys.readouterr().out
        assert not driver.commands
        with RosEnv(path, driver.namespace, real_time=True, robot_timeout_s=WITHIN_S) as env:
            env.reset()
            for _ in range(STEPS):
                *_, info = env.step(np.array(case.action, np.float32))
                assert info['observed']
            assert driver.call('emergency_stop').success
            driver.wait_for(lambda: is_near(driver.commands[-1], case.stopped), 'the stop')
        # some may be lost: only the newest command counts
        assert heard(driver.commands, [*case.first, case.last]) >= 2, driver.commands
        assert is_near(driver.commands[-1], case.stopped)
        assert not driver.wrong


@pytest.mark.parametrize('name', CASES)
def test_it_drives_in_lockstep(environment: dict[str, str], tmp_path: Path, name: str) -> None:
    with started(name, tmp_path, lockstep=True) as (case, driver, path):
        with RosEnv(path, driver.namespace, robot_timeout_s=WITHIN_S) as env:
            env.reset()
            before = len(driver.commands)
            for count in range(1, STEPS + 1):
                *_, info = env.step(np.array(case.action, np.float32))
                assert info['observed']
                assert len(driver.commands) == before + count
        executed = driver.commands[before:]
        assert np.allclose(executed[: len(case.first)], case.first, atol=1e-5), executed
        assert is_near(executed[-1], case.last)
        assert not driver.wrong


def test_a_turtlebot_sees_the_wall_ahead_and_none_of_its_posts(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        started('turtlebot4', tmp_path, lockstep=True) as (_, driver, path),
        RosEnv(path, driver.namespace, robot_timeout_s=WITHIN_S) as env,
    ):
        observation, _ = env.reset()
    rays = observation[:28].tolist()
    assert rays[7] == WALL_M  # a quarter of a turn from the right-hand side is ahead
    assert rays[:7] + rays[8:] == [12.0] * 27


def stop_program(driver: FakeDriver) -> None:
    """Stop a UR5e protectively: its controllers do not hear any more."""
    assert isinstance(driver, Ur5e)
    driver.stop_protectively()


def deactivate(driver: FakeDriver) -> None:
    """Deactivate the controller of another arm."""
    assert isinstance(driver, Fr3 | So101)
    driver.active = False


@pytest.mark.parametrize(
    ('name', 'end', 'words'),
    [
        ('ur5e_trajectory', stop_program, 'limit/program'),
        ('fr3', deactivate, 'sensor_too_old/fr3_arm_controller/controller_state'),
    ],
)
def test_an_arm_that_does_not_hear_stops_the_agent_until_a_person_looks(
    environment: dict[str, str],
    tmp_path: Path,
    name: str,
    end: Callable[[FakeDriver], None],
    words: str,
) -> None:
    """Its controller still subscribes, so that its silence is no sign."""
    with (
        started(name, tmp_path, age_s=2.0) as (case, driver, path),
        RosEnv(path, driver.namespace, real_time=True, robot_timeout_s=WITHIN_S) as env,
    ):
        env.reset()
        action = np.array(case.action, np.float32)
        env.step(action)
        end(driver)
        driver.wait_for(lambda: env.step(action)[3], 'the end of the episode')
        assert words in env.state.summary
        assert not driver.wrong


@pytest.mark.parametrize(
    ('name', 'rest'),
    [('turtlebot4', [0.0, 0.0]), ('go2', [0.0, 0.75, -1.5] * 4), ('px4', [0.0] * 4)],
)
def test_the_end_brings_it_to_rest(
    environment: dict[str, str], tmp_path: Path, name: str, rest: list[float]
) -> None:
    with started(name, tmp_path) as (case, driver, path):
        with RosEnv(path, driver.namespace, real_time=True, robot_timeout_s=WITHIN_S) as env:
            env.reset()
            for _ in range(STEPS):
                env.step(np.array(case.action, np.float32))
        driver.wait_for(lambda: is_near(driver.commands[-1], rest), 'rest')
        assert not driver.wrong


def test_a_twist_is_not_for_a_base_with_jazzy(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'humble.yaml'
    source = config_folder() / 'robots' / 'turtlebot4.yaml'
    path.write_text(for_humble(source.read_text()))
    with contextlib.closing(TurtleBot4('mixed', lockstep=False)), pytest.raises(SystemExit) as end:
        main([str(path), '--namespace', 'mixed', '--seconds', '1'])
    assert end.value.code == 1
    words = 'type: given geometry_msgs/msg/TwistStamped; accepted: geometry_msgs/msg/Twist;'
    assert words in capsys.readouterr().out


# what the driver notices when the line with a key is missing
MISTAKES = {
    'go2': ('finish', 'crc: 0x0'),
    'px4': ('position', 'a set-point beside the velocity'),
    'fr3': ('time_from_start_s', 'time: '),
}


@pytest.mark.parametrize('name', MISTAKES)
def test_the_driver_notices_a_missing_line(
    environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    key, words = MISTAKES[name]
    with started(name, tmp_path, lockstep=True) as (case, driver, path):
        text, count = re.subn(rf'^ +{key}: .*\n', '', Path(path).read_text(), flags=re.MULTILINE)
        assert count == 1
        Path(path).write_text(text)
        with RosEnv(path, driver.namespace, robot_timeout_s=WITHIN_S) as env:
            env.reset()
            env.step(np.array(case.action, np.float32))
        assert any(words in what for what in driver.wrong), driver.wrong


@pytest.mark.parametrize('driver', [Ur5e, Ur5eTrajectory, Fr3, So101])
def test_joints_may_have_a_prefix(
    environment: dict[str, str], driver: type[Ur5e | Fr3 | So101]
) -> None:
    joints = load_ros_robot(driver.robot, 'left_').action.joints
    assert joints == tuple(f'left_{joint}' for joint in driver.joints)
