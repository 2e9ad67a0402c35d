# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What is published once, such as a goal: waited for, never too old, replaced by a later one.

Reported of real robots: navigation2#1434, navigation2#1558 (a goal told once never arrives).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
import time
from typing import Any

from fleet import run_module, SpinningListener, with_helpers
from geometry_msgs.msg import PoseStamped
import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile
from rl_agent.array_types import Float32Array
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.ros_env import RosEnv
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Empty

WITHIN_S = 60.0
pytestmark = pytest.mark.timeout(300)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
GOAL = """
  - {name: goal, topic: goal_pose, type: geometry_msgs/msg/PoseStamped, field: pose.position,
     indices: [0, 1], frame: map, once: true}"""
ROBOT = f"""
name: rover
rate_hz: 20
episode_steps: 1000
observation:{GOAL}
  - {{name: wheel, topic: joint_states, type: sensor_msgs/msg/JointState, field: position,
     joints: [wheel]}}
action: {{topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [wheel], unit: N m,
         low: [-1], high: [1]}}
task: {{name: 'idle_task:IdleTask'}}
reset: {{service: reset, service_type: std_srvs/srv/Empty}}
safety: {{sensor_watchdog: {{max_age_s: 2.0}}, command_watchdog: {{max_age_s: 20.0}}}}
"""
STILL = np.zeros(1, np.float32)


class Rover(SpinningListener):
    """A wheel at 50 Hz, and a goal when a test sets one."""

    def __init__(self, namespace: str, qos: Any = LATCHED) -> None:
        """Start publishing; the goal has this quality of service."""
        super().__init__()
        self._wheel = self.node.create_publisher(JointState, f'/{namespace}/joint_states', 10)
        self._goal = self.node.create_publisher(PoseStamped, f'/{namespace}/goal_pose', qos)
        self.node.create_timer(0.02, self._publish)
        self.node.create_service(Empty, f'/{namespace}/reset', lambda request, response: response)
        self.node.create_subscription(
            Float64MultiArray, f'/{namespace}/commands', lambda message: None, 10
        )

    def set_goal(self, x: float, y: float) -> None:
        """Publish a goal, once."""
        message = PoseStamped()
        message.header.frame_id = 'map'
        message.header.stamp = self.node.get_clock().now().to_msg()
        message.pose.position.x, message.pose.position.y = x, y
        self._goal.publish(message)

    def _publish(self) -> None:
        """Publish the wheel."""
        message = JointState(name=['wheel'], position=[0.25])
        message.header.stamp = self.node.get_clock().now().to_msg()
        self._wheel.publish(message)


@pytest.fixture
def description(tmp_path: Path) -> str:
    path = tmp_path / 'rover.yaml'
    path.write_text(ROBOT)
    return str(path)


@pytest.fixture
def make_rover(ros_environment: dict[str, str]) -> Iterator[Callable[..., Rover]]:
    """Return a function that starts a robot, which is ended after the test."""
    made: list[Rover] = []

    def make(*options: Any) -> Rover:
        made.append(Rover(*options))
        return made[-1]

    yield make
    for rover in made:
        rover.close()


def step_until(env: RosEnv, condition: Callable[[Float32Array], bool]) -> Float32Array:
    """Step until an observation meets a condition; return it."""
    deadline_s = time.monotonic() + WITHIN_S
    while True:
        assert time.monotonic() < deadline_s
        observation, *_, info = env.step(STILL)
        assert info['observed']
        if condition(observation):
            return observation


@pytest.mark.parametrize('real_time', [True, False])
def test_a_goal_from_before_counts_until_another_replaces_it(
    make_rover: Callable[..., Rover], description: str, real_time: bool
) -> None:
    name = f'goal_{real_time}'
    rover = make_rover(name)
    rover.set_goal(3.0, 4.0)
    with RosEnv(description, name, real_time=real_time, robot_timeout_s=WITHIN_S) as env:
        first, _ = env.reset()
        assert first.tolist() == [3.0, 4.0, 0.25]
        *_, info = env.step(STILL)
        began_s = info['time_s']
        for _ in range(100):  # longer than any sensor may be silent
            observation, *_, truncated, info = env.step(STILL)
            assert (observation.tolist(), truncated, info['observed']) == (
                first.tolist(),
                False,
                True,
            )
        assert info['time_s'] > began_s
        rover.set_goal(5.0, 6.0)
        found = step_until(env, lambda observation: observation[0] == 5.0)
        assert found.tolist() == [5.0, 6.0, 0.25]
        again, _ = env.reset()  # without another message
        assert again.tolist() == [5.0, 6.0, 0.25]
        assert env.state.summary == 'ok'


def test_an_episode_waits_for_the_first_goal(
    make_rover: Callable[..., Rover], description: str
) -> None:
    rover = make_rover('waits')
    with (
        ThreadPoolExecutor(1) as pool,
        RosEnv(description, 'waits', real_time=True, robot_timeout_s=WITHIN_S) as env,
    ):
        episode: Future[Any] = pool.submit(env.reset)
        time.sleep(1.0)
        assert not episode.done()
        rover.set_goal(1.0, 2.0)
        assert episode.result(WITHIN_S)[0].tolist() == [1.0, 2.0, 0.25]


@pytest.mark.parametrize('real_time', [True, False])
def test_a_publisher_that_keeps_nothing_is_named(
    make_rover: Callable[..., Rover], description: str, real_time: bool
) -> None:
    """As the goal tool of a viewer may be."""
    name = f'volatile_{real_time}'
    rover = make_rover(name, 10)
    rover.set_goal(3.0, 4.0)
    with (
        RosEnv(description, name, real_time=real_time, robot_timeout_s=4.0) as env,
        pytest.raises(RobotError) as caught,
    ):
        env.reset()
    assert (
        f'/{name}/goal_pose: no message in 4 s from 1 publishers (quality of service: given'
        ' volatile publisher and transient local subscription; accepted: a publisher compatible'
        ' with reliable, transient local)'
    ) in str(caught.value)
    assert 'joint_states' not in str(caught.value)


def test_the_check_of_a_robot_knows_it(
    make_rover: Callable[..., Rover],
    description: str,
    ros_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    def check(name: str) -> str:
        environment = with_helpers(ros_environment)
        words = (description, '--namespace', name)
        return run_module(
            'rl_agent.robot_check.check_robot', *words, environment=environment, cwd=tmp_path
        ).stdout

    make_rover('kept').set_goal(3.0, 4.0)
    for _ in range(5):
        if 'everything is as described' in (said := check('kept')):
            break
    assert 'everything is as described' in said, said
    line = next(line for line in said.splitlines() if line.startswith('goal'))
    assert line.split()[2] == 'once', said
    make_rover('lost', 10).set_goal(3.0, 4.0)
    for _ in range(5):
        if 'goal: quality' in (said := check('lost')):
            break
    assert 'goal: quality of service: given volatile publisher' in said, said
    assert '1 of 4 failed' in said


@pytest.mark.parametrize(
    ('old', 'new', 'words'),
    [
        ('once: true', 'once: true, max_age_s: 5', 'once: given together with max_age_s; acc'),
        (
            GOAL,
            f'{GOAL}{GOAL.replace("goal,", "also,").replace(", once: true", "")}',
            "topic 'goal_pose' given with and without once; accepted: the same for all fields",
        ),
        (
            'joints: [wheel]}}\naction'.replace('}}', '}'),
            'joints: [wheel], once: true}\naction',
            'observation: given fields with once only; accepted: also one that is published all',
        ),
    ],
)
def test_descriptions_that_cannot_work_are_refused(
    description: str, old: str, new: str, words: str
) -> None:
    path = Path(description)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        load_robot(description)
    assert words in str(caught.value)


def test_how_often_a_goal_is_told_does_not_change_its_meaning(description: str) -> None:
    before = Spaces(load_robot(description)).fingerprint
    path = Path(description)
    path.write_text(path.read_text().replace(', once: true', ''))
    assert Spaces(load_robot(description)).fingerprint == before
