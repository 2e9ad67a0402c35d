# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
# mypy: disable-error-code="no-untyped-def"
"""The quadruped over ROS: messages, rewards, randomisation, and a changing target."""

from dataclasses import replace
import itertools

from fleet import Listener, running
from nav_msgs.msg import Odometry
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rl_agent.bringup.node_specs import simulated_agent, simulated_robot
from rl_agent.configuration import config_folder
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.ros.ros_topics import POLICY, POLICY_QOS, RANDOMISATION_QOS
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.training.update import Update
from rl_msgs.msg import Policy, Randomisation, Step
from sensor_msgs.msg import Imu, JointState
import yaml

EPISODE_STEPS = 25
FEET = ['front_right_foot', 'front_left_foot', 'rear_right_foot', 'rear_left_foot']


@pytest.fixture(scope='module')
def robot_file(tmp_path_factory):
    """Return the quadruped's description with short episodes and randomised bodies."""
    content = yaml.safe_load((config_folder() / 'robots' / 'quadruped.yaml').read_text())
    content['episode_steps'] = EPISODE_STEPS
    content['simulation']['randomisation'] = {'mass': [0.9, 1.1], 'friction': [0.6, 1.0]}
    path = tmp_path_factory.mktemp('quadruped') / 'quadruped.yaml'
    path.write_text(yaml.safe_dump(content))
    return str(path)


def set_target(listener, client, velocity):
    """Return the agent's answer to a new target velocity."""
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=velocity)
    request = SetParameters.Request(
        parameters=[Parameter(name='task.target_velocity', value=value)]
    )
    future = client.call_async(request)
    listener.until(future.done, 30, 'an answer to set_parameters')
    return future.result().results[0]


@pytest.mark.timeout(300)
def test_an_agent_drives_the_quadruped(ros_environment, robot_file, tmp_path):
    topics = {
        '/robot_1/imu': (Imu, 10),
        '/robot_1/odometry': (Odometry, 10),
        '/robot_1/joint_states': (JointState, 10),
        '/robot_1/foot_contacts': (JointState, 10),
        '/robot_1/randomisation': (Randomisation, RANDOMISATION_QOS),
        '/robot_1/step': (Step, 100),
    }
    listener = Listener(topics)
    spaces = Spaces(load_robot(robot_file))
    parameters = Update(load_algorithm('droq'), 49, 12, seed=0).policy()
    policy = policy_to_message(
        replace(parameters, version=1, fingerprint=spaces.fingerprint, learner_session='test')
    )
    publisher = listener.node.create_publisher(Policy, POLICY, POLICY_QOS)
    publisher.publish(policy)
    client = listener.node.create_client(SetParameters, '/robot_1/agent/set_parameters')
    steps = listener.heard['/robot_1/step']
    specs = [
        simulated_robot(robot_file, 'robot_1', seed=3),
        simulated_agent(robot_file, 'robot_1', robot_timeout_s=60.0),
    ]
    try:
        with running(specs, ros_environment, tmp_path):
            # a subscriber that discovers the robot late misses earlier steps
            listener.until(
                lambda: (
                    len(steps) > 2 * EPISODE_STEPS
                    and all(listener.heard.values())
                    and len({draw.episode for draw in listener.heard['/robot_1/randomisation']})
                    > 1
                ),
                150,
                'steps of 2 episodes and the messages of all topics',
            )
            refused = set_target(listener, client, 5.0)
            count = len(steps)  # steps may arrive before the answer
            accepted = set_target(listener, client, 1.0)
            listener.until(lambda: len(steps) > count + 80, 100, 'steps with the new target')
    finally:
        listener.close()

    assert not refused.successful
    assert 'target_velocity: given 5.0; accepted: 0.1 to 2 m/s' in refused.reason
    assert accepted.successful
    _check_steps(steps[:count], target=0.5)
    _check_steps(steps[-20:], target=1.0)
    _check_messages(listener.heard)
    draws = {message.episode: message for message in listener.heard['/robot_1/randomisation']}
    assert len(draws) >= 2
    assert len({message.seed for message in draws.values()}) == len(draws)
    for message in draws.values():
        values = dict(zip(message.names, message.values, strict=True))
        assert set(values) == {'mass/trunk', 'mass/hip', 'mass/thigh', 'mass/calf', 'friction'}
        assert 0.6 <= values['friction'] <= 1.0


def _check_steps(steps, target):
    """The parts of the reward are those of the formula, and add up."""
    for step in steps:
        parts = dict(zip(step.reward_names, step.reward_parts, strict=True))
        assert set(parts) == {'forward', 'yaw_rate'}
        assert sum(parts.values()) == pytest.approx(step.reward, abs=1e-5)
    # a step has the observation before it, so the next one has the rewarded observation
    checked = 0
    for step, following in itertools.pairwise(steps):
        if following.step == step.step + 1:
            sensed = dict(zip(following.observation_names, following.observation, strict=True))
            velocity = sensed['linear_velocity/0']
            if -target < velocity < target:
                expected = 1 - (target - velocity) / (2 * target)
                assert step.reward_parts[0] == pytest.approx(expected, abs=1e-4)
                checked += 1
    assert checked > 5


def _check_messages(heard):
    """The messages are those of hardware."""
    contacts = heard['/robot_1/foot_contacts'][-1]
    assert list(contacts.name) == FEET
    assert min(contacts.effort) >= 0
    joints = heard['/robot_1/joint_states'][-1]
    assert len(joints.name) == len(joints.position) == len(joints.velocity) == 12
    assert max(map(abs, joints.effort)) <= 33.5
    turn = heard['/robot_1/imu'][-1].orientation
    assert turn.x**2 + turn.y**2 + turn.z**2 + turn.w**2 == pytest.approx(1.0)
    accelerations = [message.linear_acceleration.z for message in heard['/robot_1/imu']]
    assert sum(accelerations) / len(accelerations) == pytest.approx(9.81, abs=3.0)
    place = heard['/robot_1/odometry'][-1].pose.pose.position
    assert 0.0 < place.z < 0.4
