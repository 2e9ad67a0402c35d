# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Robots whose joints and frames have a prefix each share one description and one policy.

Reported of real robots: turtlebot4#159, Universal_Robots_ROS2_Driver#924, kachaka-api#136,
iRC_ROS#14 (joints and frames with a prefix for each robot).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fleet import Listener, run_module, running, SpinningListener, with_helpers
from geometry_msgs.msg import PointStamped
import numpy as np
import pytest
from rl_agent.bringup.node_specs import agent
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_agent.ros.ros_topics import STATUS_QOS
from rl_agent.ros_env import RosEnv
from rl_msgs.msg import AgentStatus
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

WITHIN_S = 90.0
pytestmark = pytest.mark.timeout(300)
JOINTS = "['{prefix}lift', '{prefix}turn']"
ROBOT = f"""
name: arm
rate_hz: 20
episode_steps: 1000
observation:
  - {{name: position, topic: /cell/joint_states, type: sensor_msgs/msg/JointState,
     field: position, joints: {JOINTS}, unit: rad}}
  - {{name: hand, topic: hand, type: geometry_msgs/msg/PointStamped, field: point.x,
     frame: '{{prefix}}base_link'}}
action: {{topic: commands, type: trajectory_msgs/msg/JointTrajectory, joints: {JOINTS},
         unit: rad, low: [-1, -1], high: [1, 1], default: [0.25, -0.25],
         frame: '{{prefix}}base_link'}}
task: {{name: 'idle_task:IdleTask'}}
reset: {{move_to_pose: {{field: position, seconds: 0.2, tolerance: 1.0}}}}
safety: {{sensor_watchdog: {{max_age_s: 20.0}}, command_watchdog: {{max_age_s: 20.0}}}}
"""
HOLD = np.zeros(2, np.float32)


class Cell(SpinningListener):
    """Two arms whose joints share a topic.

    Attributes:
        commands: of each arm.
    """

    def __init__(self) -> None:
        """Start publishing at 50 Hz."""
        super().__init__()
        self.commands: dict[str, list[JointTrajectory]] = {'left': [], 'right': []}
        node = self.node
        self._joints = node.create_publisher(JointState, '/cell/joint_states', 10)
        self._hands = {
            side: node.create_publisher(PointStamped, f'/{side}/hand', 10)
            for side in self.commands
        }
        for side, heard in self.commands.items():
            node.create_subscription(JointTrajectory, f'/{side}/commands', heard.append, 10)
        node.create_timer(0.02, self._publish)

    def _publish(self) -> None:
        """Publish both arms; the right one is at other angles."""
        stamp = self.node.get_clock().now().to_msg()
        for side, sign in (('left', 1.0), ('right', -1.0)):
            names = [f'{side}_turn', f'{side}_lift']
            state = JointState(name=names, position=[sign * 0.125, sign * 0.5])
            state.header.stamp = stamp
            self._joints.publish(state)
            hand = PointStamped()
            hand.header.stamp, hand.header.frame_id = stamp, f'{side}_base_link'
            hand.point.x = sign * 2.0
            self._hands[side].publish(hand)


@pytest.fixture
def cell(ros_environment: dict[str, str]) -> Iterator[Cell]:
    made = Cell()
    yield made
    made.close()


@pytest.fixture
def description(tmp_path: Path) -> str:
    path = tmp_path / 'arm.yaml'
    path.write_text(ROBOT)
    return str(path)


@pytest.mark.parametrize(('side', 'sign'), [('left', 1.0), ('right', -1.0)])
def test_an_environment_reads_and_commands_its_own_joints(
    cell: Cell, description: str, side: str, sign: float
) -> None:
    with RosEnv(
        description, side, real_time=True, robot_timeout_s=WITHIN_S, prefix=f'{side}_'
    ) as env:
        assert env.spaces.fingerprint == Spaces(load_robot(description)).fingerprint
        assert env.spaces.observation_names == ('position/lift', 'position/turn', 'hand')
        assert env.spaces.action_names == ('lift', 'turn')
        observation, _ = env.reset()
        assert observation.tolist() == [sign * 0.5, sign * 0.125, sign * 2.0]
        observation, *_, info = env.step(HOLD)
        assert info['observed']
        assert observation.tolist() == [sign * 0.5, sign * 0.125, sign * 2.0]
    command = cell.commands[side][-1]
    assert command.joint_names == [f'{side}_lift', f'{side}_turn']
    assert command.header.frame_id == f'{side}_base_link'
    assert not cell.commands['left' if side == 'right' else 'right']


def test_agents_of_a_fleet_obey_one_policy(
    cell: Cell, description: str, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    spaces = Spaces(load_robot(description))
    architecture = PolicyArchitecture(3, 2, (4,), distribution='deterministic')
    numbers = np.zeros(architecture.num_parameters, np.float32)
    policy = tmp_path / 'still.npz'
    given: dict[str, Any] = {'fingerprint': spaces.fingerprint, 'learner_session': 'test'}
    save_policy(policy, PolicyParameters(architecture, numbers, version=1, **given))
    specs = [
        agent(description, side, prefix=f'{side}_', policy=str(policy), spool_folder='')
        for side in cell.commands
    ]
    topics = {f'/{side}/agent_status': (AgentStatus, STATUS_QOS) for side in cell.commands}
    listener = Listener(topics)
    environment = with_helpers(ros_environment)
    try:
        with running(specs, environment, tmp_path):
            listener.until(
                lambda: all(heard and heard[-1].steps > 5 for heard in listener.heard.values()),
                WITHIN_S,
                'steps of both robots',
            )
        for side, heard in cell.commands.items():
            assert heard[-1].joint_names == [f'{side}_lift', f'{side}_turn']
    finally:
        listener.close()


def test_the_check_of_a_robot_takes_a_prefix(
    cell: Cell, description: str, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    def check(*words: str) -> str:
        result = run_module(
            'rl_agent.robot_check.check_robot',
            description,
            *words,
            environment=with_helpers(ros_environment),
            cwd=tmp_path,
        )
        return result.stdout + result.stderr

    for _ in range(5):
        said = check('--namespace', 'right', '--prefix', 'right_')
        if 'everything is as described' in said:
            break
    assert 'everything is as described' in said, said
    assert 'joint_names: [right_lift, right_turn]' in said
    said = check('--prefix', 'a b')
    assert said == "error: prefix: given 'a b'; accepted: up to 100 letters, digits and _ / . -\n"


def test_a_robot_without_prefix_has_the_same_meaning(description: str) -> None:
    before = Spaces(load_robot(description)).fingerprint
    path = Path(description)
    path.write_text(path.read_text().replace('{prefix}', ''))
    assert Spaces(load_robot(description)).fingerprint == before
    with pytest.raises(
        ConfigurationError, match=r"given 'left_'; accepted: none, as no joint and no frame in"
    ):
        load_robot(description, prefix='left_')


@pytest.mark.parametrize(
    ('old', 'new', 'words'),
    [
        (
            "'{prefix}lift', ",
            "'{prfix}lift', ",
            "observation.0.joints.0: given '{prfix}lift'; accepted: {prefix} as the only placeh",
        ),
        (
            "frame: '{prefix}base_link'",
            "frame: '{prefix}{side}'",
            "observation.1.frame: given '{prefix}{side}'; accepted: {prefix} as the only",
        ),
        ('topic: hand', "topic: '{prefix}hand'", "observation.1.topic: given '{prefix}hand'"),
    ],
)
def test_other_placeholders_are_refused(description: str, old: str, new: str, words: str) -> None:
    path = Path(description)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_robot(description, prefix='left_')
    assert words in str(caught.value)
