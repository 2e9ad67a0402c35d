# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A policy on a robot, through the robot's own agent; no learner takes part.

This node stands in for the learner machine: it publishes the one policy, and acknowledges the
transitions, which arrive whole and in order and become the episodes.
"""

from collections.abc import Iterator, Mapping
import contextlib
from dataclasses import dataclass
import json
import os
from pathlib import Path
import sys
import tempfile
import time

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from rl_agent.bringup.evaluation_topics import evaluation_topic
from rl_agent.bringup.node_specs import (
    evaluation_nodes,
    NodeSpec,
    simulated_agent,
    simulated_robot,
    SIMULATION_STARTS_WITHIN_S,
)
from rl_agent.description.robot import description_as_json, RobotDescription
from rl_agent.errors import ConfigurationError, RlError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.robot_interface.ros_reset import CONFIRM_RESET, FOR_A_PERSON
from rl_agent.ros.ros_other_publishers import FORGOTTEN_S, other_publishers, UNNAMED
from rl_agent.ros.ros_spinning import serve
from rl_agent.ros.ros_topics import (
    ACK_QOS,
    AGENT_STATUS,
    POLICY,
    POLICY_QOS,
    STATUS_QOS,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_agent.system.log_folder import log_variables
from rl_learner.evaluation.evaluation import EvaluatedEpisode
from rl_learner.journal.batch_codec import decode
from rl_learner.replay.transition_arrays import TransitionArrays
from rl_learner.system.domain import applied, claim_domain, local_environment
from rl_learner.system.processes import ChildProcess, end_in_order
from rl_msgs.msg import AgentStatus, TransitionAck, TransitionBatch
from rl_msgs.msg import Policy as PolicyMessage
from std_srvs.srv import Trigger

_REPEAT_S = 1.0  # of the policy, and of a look who else drives the robot
_DISCOVERY_S = 20.0  # the robot is seen by then, or is not there
_LOOK_S = 2.0  # for others, once the robot is seen
_NAMES_S = 3.0  # longer, for the names of those that were seen
_SILENCE_S = 90.0
_END_WITHIN_S = 6.0


@dataclass(frozen=True)
class RobotEvaluation:
    """One policy on one robot.

    Attributes:
        robot: its description.
        parameters: of the policy, signed with the robot's fingerprint.
        episodes: how many.
        seed: of the simulated robot's starts and of the exploration.
        explore: act as in training.
        real: the robot is there already, on this process's ROS domain.
        namespace: of a real robot; empty: none.
    """

    robot: RobotDescription
    parameters: PolicyParameters
    episodes: int
    seed: int
    explore: bool = False
    real: bool = False
    namespace: str = ''

    def node_specs(self, robot_file: str) -> list[NodeSpec]:
        """Return the processes to start: a simulated robot, unless it is real, and its agent."""
        parameters = {'seed': self.seed, 'explore': self.explore}
        if self.real:
            return evaluation_nodes(robot_file, self.namespace, simulated=False, **parameters)
        timeout_s = SIMULATION_STARTS_WITHIN_S
        return [
            simulated_robot(robot_file, '', seed=self.seed),
            simulated_agent(robot_file, '', robot_timeout_s=timeout_s, **parameters),
        ]

    def topic(self, topic: str) -> str:
        """Return a topic's name here: a real robot's run must not hear of this."""
        return evaluation_topic(topic, self.namespace) if self.real else topic


def run_evaluation(evaluation: RobotEvaluation) -> Iterator[EvaluatedEpisode]:
    """Yield episodes as they end; all processes end with the last one, or with the caller.

    Raises:
        ConfigurationError: the real robot is not there, or somebody else drives it.
        RlError: a process ended by itself, the robot is silent, or somebody else drives it, too.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='rl_evaluate_')))
        environment = {**_environment(evaluation, stack), **log_variables(folder)}
        judge = _EvaluationNode(evaluation, environment)
        stack.callback(judge.close)
        if evaluation.real:
            judge.await_robot()
            judge.refuse_company()
        processes: list[ChildProcess] = []
        stack.callback(_end, processes)
        _start(evaluation, folder, environment, processes)
        for number in range(evaluation.episodes):
            yield judge.next_episode(number + 1, processes)


def _environment(evaluation: RobotEvaluation, stack: contextlib.ExitStack) -> Mapping[str, str]:
    """Return the variables of a trial: for a simulated robot a ROS domain of its own."""
    if evaluation.real:
        return os.environ
    return local_environment(stack.enter_context(claim_domain()))


def _start(
    evaluation: RobotEvaluation,
    folder: Path,
    environment: Mapping[str, str],
    processes: list[ChildProcess],
) -> None:
    """Start the evaluation's processes, with the description that the policy brought along."""
    robot_file = folder / f'{evaluation.robot.name}.yaml'  # JSON is YAML
    robot_file.write_text(json.dumps(description_as_json(evaluation.robot)), encoding='utf-8')
    variables = {**environment, 'PYTHONUNBUFFERED': '1'}
    for spec in evaluation.node_specs(str(robot_file)):
        command = [sys.executable, *spec.arguments()]
        log = folder / f'{spec.name}.log'
        processes.append(ChildProcess(spec.name, command, log, variables))


def _end(processes: list[ChildProcess]) -> None:
    """End the agent, then its robot."""
    stages = [[process] for process in reversed(processes)]
    end_in_order(stages, time.monotonic() + _END_WITHIN_S)


class _EvaluationNode:
    """The node in this process."""

    def __init__(self, evaluation: RobotEvaluation, environment: Mapping[str, str]) -> None:
        """Join the domain.

        Args:
            evaluation: policy, robot and how many episodes.
            environment: of the evaluation's processes; it says which domain, and how far it goes.
        """
        self._evaluation = evaluation
        # by whom the robot is driven
        self._commanding = (evaluation.robot.action.topic, AGENT_STATUS)
        self._context = Context()
        with applied(environment):
            rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
            self._node = Node('evaluation', context=self._context, namespace=evaluation.namespace)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._rows: list[TransitionArrays] = []
        self._acknowledged: dict[str, int] = {}
        self._heard_s = time.monotonic()
        self._looked_s = 0.0
        self._state = 'not heard of'
        self._confirmation = self._node.create_client(Trigger, f'agent/{CONFIRM_RESET[2:]}')
        self._connect()

    def _connect(self) -> None:
        """Create the topics that the learner machine has."""
        node, evaluation = self._node, self._evaluation
        self._policies = node.create_publisher(PolicyMessage, evaluation.topic(POLICY), POLICY_QOS)
        self._acks = node.create_publisher(
            TransitionAck, evaluation.topic(TRANSITIONS_ACK), ACK_QOS
        )
        node.create_subscription(
            TransitionBatch,
            evaluation.topic(TRANSITIONS),
            self._on_batch,
            TRANSITIONS_QOS,
            raw=True,
        )
        node.create_subscription(AgentStatus, AGENT_STATUS, self._on_status, STATUS_QOS)

    def await_robot(self) -> None:
        """Return once the real robot is seen, and others had the time to be seen, too.

        Raises:
            ConfigurationError: it is not there.
        """
        if not serve(self._executor, _DISCOVERY_S, lambda: not self._missing()):
            raise ConfigurationError(
                f'--real: nobody publishes {", ".join(self._missing())}; accepted: a robot that'
                ' does, on the ROS domain of this terminal, with its --namespace'
            )
        serve(self._executor, _LOOK_S)
        serve(self._executor, _NAMES_S, self._all_are_named)

    def _missing(self) -> list[str]:
        """Return the sensor topics that nobody publishes."""
        topics = map(self._node.resolve_topic_name, self._evaluation.robot.topics)
        return [topic for topic in topics if not self._node.count_publishers(topic)]

    def _all_are_named(self) -> bool:
        """Return whether the names of all who may command the robot are known."""
        return not any(
            UNNAMED in other_publishers(self._node, topic) for topic in self._commanding
        )

    def refuse_company(self) -> None:
        """Do nothing where nobody else commands the robot.

        Raises:
            ConfigurationError: somebody does.
        """
        if text := self._company(own=0):
            raise ConfigurationError(
                f'--real: {text}; accepted: a robot that nobody drives: end its agent first (one'
                f' that was killed is forgotten after {FORGOTTEN_S:g} s)'
            )

    def _company(self, own: int) -> str:
        """Return who else commands the real robot, beside `own` agents; empty: nobody."""
        for topic in self._commanding:
            others = other_publishers(self._node, topic)
            if len(others) > own:
                full = self._node.resolve_topic_name(topic)
                return f'{full} is published by {" and ".join(others)}'
        return ''

    def next_episode(self, number: int, processes: list[ChildProcess]) -> EvaluatedEpisode:
        """Return the next whole episode.

        Raises:
            RlError: a process ended by itself, nothing comes, or the robot is not ours alone.
        """
        while (episode := self._take(number)) is None:
            self._executor.spin_once(timeout_sec=0.1)
            if time.monotonic() - self._looked_s >= _REPEAT_S:
                self._looked_s = time.monotonic()
                self._keep_going()
            self._raise_if_one_ended(processes)
        return episode

    def close(self) -> None:
        """Leave the domain."""
        self._executor.shutdown()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def _keep_going(self) -> None:
        """Publish the policy now and then, for late joiners miss it sometimes.

        On a real robot only once its agent is seen, and as the only one: without a policy it does
        not move.

        Raises:
            RlError: somebody else commands the robot, too.
        """
        if self._evaluation.real:
            if text := self._company(own=1):
                raise RlError(f'{text}: somebody else drives the robot, too; the trial is ended')
            if not self._node.count_publishers(AGENT_STATUS):
                return
        message = policy_to_message(self._evaluation.parameters)
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._policies.publish(message)

    def _raise_if_one_ended(self, processes: list[ChildProcess]) -> None:
        """Raise RlError where episodes cannot be expected any more."""
        for process in processes:
            if process.exit_code is not None:
                raise RlError(
                    f'{process.name} ended with exit code {process.exit_code}; its log ends'
                    f' with: {process.last_lines(3)}'
                )
        if time.monotonic() - self._heard_s > _SILENCE_S:
            raise RlError(
                f'the robot did not move in {_SILENCE_S:g} s; its agent says: {self._state}'
            )

    def _on_status(self, message: AgentStatus) -> None:
        """Remember what the agent does; a person's time is no silence."""
        if message.state.startswith(FOR_A_PERSON):
            self._heard_s = time.monotonic()
            if not self._evaluation.real:
                self._confirmation.call_async(Trigger.Request())  # nobody prepares a simulation
            elif message.state != self._state:
                print(message.state, file=sys.stderr, flush=True)
        self._state = message.state

    def _on_batch(self, data: bytes) -> None:
        """Keep what is new of a serialised batch and acknowledge it; what is not comes again.

        A robot of another kind cannot follow this policy: its transitions are for somebody else.
        """
        batch = decode(data)
        sender = batch.sender
        if sender.fingerprint != self._evaluation.parameters.fingerprint:
            return
        have = self._acknowledged.get(sender.session, batch.oldest_sequence - 1)
        skip = have + 1 - batch.first_sequence
        if 0 <= skip < len(batch):
            self._rows.append(batch.transitions[skip:])
            have = batch.last_sequence
            self._heard_s = time.monotonic()
        self._acknowledged[sender.session] = have
        self._acks.publish(
            TransitionAck(robot=sender.robot, session=sender.session, sequence=have)
        )

    def _take(self, number: int) -> EvaluatedEpisode | None:
        """Return the first whole episode among what came, None if there is none."""
        taken: list[TransitionArrays] = []
        for index, rows in enumerate(self._rows):
            ends = np.flatnonzero(rows.terminated | rows.truncated)
            if not len(ends):
                taken.append(rows)
                continue
            end = int(ends[0]) + 1
            taken.append(rows[:end])
            self._rows = [rows[end:], *self._rows[index + 1 :]]
            observation, action, reward = (
                np.concatenate([getattr(part, name) for part in taken]).astype(np.float64)
                for name in ('observation', 'action', 'reward')
            )
            terminated = bool(rows.terminated[end - 1])
            seed = self._evaluation.seed
            return EvaluatedEpisode(seed, number, observation, action, reward, terminated)
        return None
