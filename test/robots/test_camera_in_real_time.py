# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An agent drives a robot in real time by what its camera shows."""

from pathlib import Path

from fleet import Listener, running
import numpy as np
import pytest
from rl_agent.bringup.node_specs import agent, simulated_robot
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_agent.ros.ros_topics import AGENT_STATUS, STATUS_QOS
from rl_msgs.msg import AgentStatus

ROBOT, NAMESPACE, STEPS = 'arm_camera', 'live_camera', 60
pytestmark = pytest.mark.timeout(200)


def policy_file(folder: Path) -> Path:
    """Return the file of a policy with random weights, and the encoder of `drq_sac`."""
    spaces = Spaces(load_robot(ROBOT))
    encoder = EncoderArchitecture(
        tuple(image.shape for image in spaces.images), (32, 32, 32, 32), (2, 2, 2, 1), 50
    )
    architecture = PolicyArchitecture(
        spaces.observation_size, spaces.action_size, (256, 256), encoder=encoder
    )
    numbers = np.random.default_rng(0).normal(0.0, 0.03, architecture.num_parameters)
    path = folder / 'policy.npz'
    parameters = PolicyParameters(
        architecture, numbers.astype(np.float32), version=1, fingerprint=spaces.fingerprint
    )
    save_policy(path, parameters, {'robot': np.array('null')})
    return path


def test_frames_are_seen_in_real_time(ros_environment: dict[str, str], tmp_path: Path) -> None:
    specs = [
        simulated_robot(ROBOT, NAMESPACE, real_time=True),
        agent(
            ROBOT,
            NAMESPACE,
            policy=str(policy_file(tmp_path)),
            spool_folder=str(tmp_path / 'spool'),
            robot_timeout_s=60.0,
        ),
    ]
    topic = f'/{NAMESPACE}/{AGENT_STATUS}'
    listener = Listener({topic: (AgentStatus, STATUS_QOS)})
    heard = listener.heard[topic]
    with running(specs, ros_environment, tmp_path):
        listener.until(lambda: bool(heard) and heard[-1].steps >= STEPS, 120.0, 'steps')
    listener.close()
    status = heard[-1]
    named = ('sensor_refused', 'image_blank', 'stamps_apart', 'policy_refused')
    assert not [name for name in status.event_names if name.startswith(named)]
    log = ''.join(path.read_text() for path in tmp_path.glob('*agent*.log'))
    assert 'images: 18.6 kB a step, at 20 Hz 3.0 Mbit/s to the learner machine at most' in log
