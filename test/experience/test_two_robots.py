# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Two robots, agents, bridge and learner as processes: nothing is lost, policies are used."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from fleet import all_acknowledged, Listener, loaded_libraries, running
import numpy as np
from numpy.typing import NDArray
import pytest
from replay_count import replay_state_with
from rl_agent.bringup.node_specs import simulated_agent, simulated_robot
from rl_agent.policy.parameters import PolicyParameters, split_parameters
from rl_agent.policy.ros_policy_message import message_to_policy
from rl_agent.ros.ros_topics import AGENT_STATUS, POLICY, POLICY_QOS, STATUS_QOS, STEP
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.replay.state import ReplayState
from rl_learner.run.folder import CHECKPOINTS
from rl_learner.system.ports import free_port
from rl_learner.training.checkpoint import Checkpoints
from rl_learner.training.update import Update
from rl_msgs.msg import AgentStatus, Policy, Step
import torch

STEPS = {'robot_1': 450, 'robot_2': 350}  # neither ends with an episode of 200


@dataclass
class Run:
    """The results of a run.

    Attributes:
        heard: topic to messages.
        replay: state of Reverb after the last step.
        checkpoint: last checkpoint of the learner.
        libraries: node to the memory map of its process.
    """

    heard: dict[str, list[Any]]
    replay: ReplayState
    checkpoint: dict[str, Any]
    libraries: dict[str, str]


@pytest.fixture(scope='module')
def run(ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Train until both robots have taken their steps, then end everything.

    The second robot does not explore, so that its actions can be computed from its policy.
    """
    folder: Path = tmp_path_factory.mktemp('two_robots')
    port = free_port()
    bridge, learner = learner_nodes(
        'pendulum', 'default', port, run_folder=str(folder / 'run'), warmup=200, threads=1
    )
    specs = [learner, bridge]
    topics: dict[str, tuple[type, Any]] = {
        '/diagnostics': (DiagnosticArray, 10),
        POLICY: (Policy, POLICY_QOS),
    }
    for seed, (namespace, steps) in enumerate(STEPS.items()):
        specs += [
            simulated_robot('pendulum', namespace, seed=seed),
            simulated_agent(
                'pendulum',
                namespace,
                seed=seed,
                max_steps=steps,
                max_steps_ahead=64,
                explore=namespace == 'robot_1',
                robot_timeout_s=60.0,
            ),
        ]
        topics[f'/{namespace}/{AGENT_STATUS}'] = (AgentStatus, STATUS_QOS)
        topics[f'/{namespace}/{STEP}'] = (Step, 1000)
    listener = Listener(topics)
    with running(specs, ros_environment, folder) as processes:
        listener.until(lambda: all_acknowledged(listener, STEPS), 100.0, 'all transitions stored')
        count = len(_executed(listener.heard))
        listener.until(lambda: len(_executed(listener.heard)) >= count + 6, 30.0, 'last counts')
        replay = replay_state_with(port, sum(STEPS.values()))
        libraries = {name: loaded_libraries(process) for name, process in processes.items()}
    # the learner published once more at its end; the message may not have arrived yet
    state = Checkpoints(folder / 'run' / CHECKPOINTS).load()
    assert state is not None
    listener.until(
        lambda: listener.heard[POLICY][-1].version == state['policy_version'], 10.0, 'last policy'
    )
    listener.close()
    return Run(listener.heard, replay, state, libraries)


def _executed(heard: dict[str, list[Any]]) -> list[tuple[str, int]]:
    """Return the counts of executed steps that the simulated robots reported, in order."""
    return [
        (status.hardware_id, int(item.value))
        for message in heard['/diagnostics']
        for status in message.status
        for item in status.values
        if item.key == 'executed_steps'
    ]


def test_reverb_holds_one_transition_for_each_executed_step(run: Run) -> None:
    assert dict(_executed(run.heard)) == STEPS
    assert (run.replay.size, run.replay.position) == (sum(STEPS.values()), sum(STEPS.values()))


def test_an_agent_never_loads_what_only_the_learner_needs(run: Run) -> None:
    for library in ('/torch/', '/reverb/', '/tensorflow/'):
        assert library in run.libraries['learner']
        assert library not in run.libraries['robot_1_agent']


def test_the_policy_version_at_the_robots_increases(run: Run) -> None:
    for namespace in STEPS:
        versions = [step.policy_version for step in run.heard[f'/{namespace}/{STEP}']]
        assert versions == sorted(versions)
        assert len(set(versions)) >= 5


def test_actions_come_from_the_received_weights(run: Run) -> None:
    """NumPy on the robot against torch, with the weights that the learner published."""
    policies = {message.version: message_to_policy(message) for message in run.heard[POLICY]}
    compared = set()
    for step in run.heard[f'/robot_2/{STEP}']:
        policy = policies.get(step.policy_version)
        if policy is not None:
            expected = _mean_action(policy, np.array(step.observation, np.float32))
            np.testing.assert_allclose(np.array(step.action_wanted), expected, atol=1e-5)
            compared.add(step.policy_version)
    assert len(compared) >= 5


def test_published_weights_are_those_of_the_learners_actor(run: Run) -> None:
    state = run.checkpoint
    update = Update(load_algorithm('default'), 3, 1, seed=99)
    update.load_state_dict(state['update'])
    saved = update.policy(state['policy_version'])
    published = {message.version: message for message in run.heard[POLICY]}[saved.version]
    assert published.updates == update.updates > 0
    np.testing.assert_array_equal(np.array(published.parameters), saved.parameters)


def _mean_action(policy: PolicyParameters, observation: NDArray[np.float32]) -> NDArray[Any]:
    """Return tanh of the mean of a gaussian ReLU policy, computed with torch layers."""
    architecture = policy.architecture
    assert (architecture.distribution, architecture.activation) == ('gaussian', 'relu')
    parts = {
        name: torch.tensor(values)
        for name, values in split_parameters(architecture, policy.parameters).items()
    }
    features = torch.tensor(observation)
    for layer in range(len(architecture.hidden_sizes)):
        weight, bias = parts[f'weight_{layer}'], parts[f'bias_{layer}']
        features = torch.relu(torch.nn.functional.linear(features, weight, bias))
    mean = torch.nn.functional.linear(features, parts['mean_weight'], parts['mean_bias'])
    return np.asarray(torch.tanh(mean))
