# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot with a camera learns through ROS: images on topics, in the journal, in Reverb.

The policy sees the newest two frames, each of which travels once. The bridge is killed on the way.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet import all_acknowledged, kill_and_restart, Listener, loaded_libraries, running
import numpy as np
import pytest
from replay_count import replay_state_with
from rl_agent.bringup.node_specs import simulated_agent, simulated_robot
from rl_agent.configuration import config_folder
from rl_agent.description.image import pack_pixels, unpack_pixels
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.policy import Policy
from rl_agent.policy.ros_policy_message import message_to_policy
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    LEARNER_STATUS,
    POLICY,
    POLICY_QOS,
    STATUS_QOS,
    STEP,
)
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_reader import read_journal
from rl_learner.replay.state import ReplayState
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, ImagePolicy, LearnerStatus, Step
import yaml

ROBOT, STEPS, SIDE = 'robot_1', 330, 24
WARMUP, KILLED_AFTER = 100, 150
ALGORITHM = """
batch_size: 16
num_quantiles: 1
dropped_atoms: 1
critic_loss: squared
actor_hidden_sizes: [32]
critic_hidden_sizes: [32]
encoder_channels: [8, 8]
encoder_strides: [2, 2]
encoder_features: 10
"""
START_TIMEOUT_S, RUN_TIMEOUT_S = 120.0, 200.0
pytestmark = pytest.mark.timeout(500)


@dataclass
class Run:
    """The results of a run.

    Attributes:
        heard: topic to messages.
        replay: state of Reverb after the last transition.
        batches: batches in the journal.
        robot: file of the description.
        libraries: memory map of the agent's process.
    """

    heard: dict[str, list[Any]]
    replay: ReplayState
    batches: list[TransitionBatch]
    robot: Path
    libraries: str


def small_camera(folder: Path) -> Path:
    """Return the file of the arm with a camera, seen in few pixels, two frames of it."""
    content = yaml.safe_load((config_folder() / 'robots' / 'arm_camera.yaml').read_text())
    for item in content['observation']:
        if 'image' in item:
            item['image'].update(height=SIDE, width=SIDE)
    content.update(stack=2, previous_actions=1)
    path = folder / 'small_camera.yaml'
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope='module')
def run(ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Train until the robot has taken its steps; it acts without noise."""
    folder: Path = tmp_path_factory.mktemp('camera')
    robot, port = small_camera(folder), free_port()
    algorithm = folder / 'small_drq.yaml'
    algorithm.write_text(ALGORITHM)
    bridge, learner = learner_nodes(
        str(robot), str(algorithm), port, run_folder=str(folder / 'run'), warmup=WARMUP, threads=1
    )
    specs = [
        learner,
        bridge,
        simulated_robot(str(robot), ROBOT),
        simulated_agent(
            str(robot),
            ROBOT,
            max_steps=STEPS,
            max_steps_ahead=32,
            explore=False,
            robot_timeout_s=60.0,
        ),
    ]
    listener = Listener(
        {
            POLICY: (ImagePolicy, POLICY_QOS),
            LEARNER_STATUS: (LearnerStatus, STATUS_QOS),
            f'/{ROBOT}/{AGENT_STATUS}': (AgentStatus, STATUS_QOS),
            f'/{ROBOT}/{STEP}': (Step, 1000),
        }
    )
    steps = listener.heard[f'/{ROBOT}/{STEP}']
    with running(specs, ros_environment, folder) as processes:
        listener.until(lambda: len(steps) >= KILLED_AFTER, START_TIMEOUT_S, 'steps')
        kill_and_restart(processes, [bridge], ros_environment, folder)
        listener.until(
            lambda: all_acknowledged(listener, [ROBOT]), RUN_TIMEOUT_S, 'all transitions stored'
        )
        replay = replay_state_with(port, STEPS)
        (agent,) = [name for name in processes if name.endswith('agent')]
        libraries = loaded_libraries(processes[agent])
    listener.close()
    batches = list(read_journal(folder / 'run' / EXPERIENCE))
    return Run(listener.heard, replay, batches, robot, libraries)


def column(run: Run, name: str) -> Any:
    """Return a column of all transitions in the journal."""
    return np.concatenate([batch.columns[name] for batch in run.batches])


def test_each_transition_is_stored_once_although_the_bridge_was_killed(run: Run) -> None:
    numbers = [
        number
        for batch in run.batches
        for number in range(batch.first_sequence, batch.last_sequence + 1)
    ]
    assert numbers == list(range(1, STEPS + 1))
    assert (run.replay.size, run.replay.position) == (STEPS, STEPS)


def test_the_images_in_the_journal_show_the_arm_and_lead_on(run: Run) -> None:
    spaces = Spaces(load_robot(str(run.robot)))
    observation = column(run, 'observation')
    (image,) = spaces.sent_images
    pixels = unpack_pixels(observation[:, spaces.vector_size :], image.num_bytes)
    frames = pixels.reshape(-1, *image.shape).astype(int)
    # the target is the only red thing, and is always in the picture, perhaps behind the arm
    reddest = (frames[..., 0] - frames[..., 1]).reshape(len(frames), -1).max(1)
    assert reddest.min() > 40
    leads = (column(run, 'truncated') == 0)[:-1]
    after = column(run, 'next_observation')[:-1]
    assert np.array_equal(after[leads], observation[1:][leads])


def with_earlier_frames(
    run: Run, observations: Any, keys: list[tuple[int, int]]
) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """Return observations as a policy acts on them: this frame and the one before."""
    spaces = Spaces(load_robot(str(run.robot)))
    (frame,), (image,) = spaces.sent_images, spaces.images
    assert image.shape == (SIDE, SIDE, 6)
    whole, before = [], np.zeros(frame.shape, np.uint8)
    for observation, (_, step) in zip(observations, keys, strict=True):
        numbers, packed = np.split(observation, [spaces.vector_size])
        newest = unpack_pixels(packed, frame.num_bytes).reshape(frame.shape)
        before = before if step else newest
        pixels = pack_pixels(np.concatenate([newest, before], axis=2))
        whole.append(np.concatenate([numbers, pixels]).astype(np.float32))
        before = newest
    return whole


def test_the_learner_trains_and_the_robot_uses_its_policies(run: Run) -> None:
    assert run.heard[LEARNER_STATUS][-1].updates > 0
    policies = {item.policy.version: message_to_policy(item) for item in run.heard[POLICY]}
    versions, observations = column(run, 'policy_version'), column(run, 'observation')
    steps = {(item.episode, item.step): item for item in run.heard[f'/{ROBOT}/{STEP}']}
    keys = list(zip(column(run, 'episode').tolist(), column(run, 'step').tolist(), strict=True))
    compared, rng = set(), np.random.default_rng(0)
    seen = with_earlier_frames(run, observations, keys)
    for key, version, observation in zip(keys, versions.tolist(), seen, strict=True):
        policy, step = policies.get(version), steps.get(key)
        if policy is None or step is None:
            continue
        action = Policy(policy).act(observation, rng, deterministic=True)
        np.testing.assert_allclose(np.array(step.action_wanted), action, atol=1e-6)
        compared.add(version)
    assert len(compared) >= 2


def test_steps_for_people_have_no_pixels(run: Run) -> None:
    step = run.heard[f'/{ROBOT}/{STEP}'][-1]
    # six numbers of two frames, and an action of two numbers
    assert len(step.observation) == len(step.observation_names) == 2 * 6 + 2


def test_the_agent_needs_no_torch(run: Run) -> None:
    assert '/torch/' not in run.libraries
    assert '/numpy' in run.libraries
