# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A node that watches a learner and its robots, and asks robots for evaluations."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
import contextlib
from dataclasses import dataclass, field
import threading
import time

import rclpy
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from rl_agent.control.agent import ENDED_STATES
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.ros_policy_message import message_to_policy
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    EPISODE,
    EPISODE_QOS,
    LEARNER_STATUS,
    POLICY,
    STATUS_QOS,
    STEP,
    STEP_QOS,
)
from rl_learner.demo.ros_step_means import StepMeans
from rl_learner.system.domain import applied
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, Step
from rl_msgs.msg import Policy as PolicyMessage
from rl_msgs.srv import Evaluate

_POLICIES_KEPT = 500
# A robot wants the newest policy alone; here every one must be found again by its version, also
# when several came before this node had time for the first.
_ALL_POLICIES_QOS = QoSProfile(depth=50, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@dataclass
class Observed:
    """What was heard so far.

    Attributes:
        learner: its newest status.
        agents: robot to its newest status.
        episodes: finished ones, in the order they came.
        policies: version to its message, the last few hundred.
        steps_of: robot to the means over its newest steps.
    """

    learner: LearnerStatus = field(default_factory=LearnerStatus)
    agents: dict[str, AgentStatus] = field(default_factory=dict)
    episodes: list[Episode] = field(default_factory=list)
    policies: 'OrderedDict[int, PolicyMessage]' = field(default_factory=OrderedDict)
    steps_of: dict[str, StepMeans] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Control steps of all robots, by their newest status."""
        # a copy first: the monitor's thread adds robots as they appear
        return sum(int(status.steps) for status in list(self.agents.values()))


class RosMonitor:
    """Listens on a thread of its own.

    Attributes:
        observed: replaced by nobody, read under no lock: whole messages only.
    """

    def __init__(
        self,
        namespaces: Sequence[str],
        on_episode: Callable[[Episode], None],
        shown: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare to listen.

        Args:
            namespaces: of the robots; empty text for the root.
            on_episode: called on the monitor's thread for each finished episode.
            shown: elements of the observation whose means are kept, label to name.
        """
        self.observed = Observed()
        self._namespaces, self._on_episode = namespaces, on_episode
        self._shown = shown or {}
        self._context = Context()
        self._evaluations: list[Client] = []
        self._thread = threading.Thread(target=self._spin, name='monitor', daemon=True)

    def start(self, environment: Mapping[str, str]) -> None:
        """Join the domain and listen.

        Args:
            environment: of the processes to listen to; it says which domain, and how far it goes.
        """
        with applied(environment):
            rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
            self._node = Node('monitor', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._listen()
        self._thread.start()

    def evaluate(self, episodes: int) -> None:
        """Ask every robot for so many deterministic episodes; 0 ends an evaluation."""
        for client in self._evaluations:
            client.call_async(Evaluate.Request(episodes=episodes))

    def policy(self, version: int) -> PolicyParameters | None:
        """Return a policy that was published, None if it was missed or is long gone."""
        message = self.observed.policies.get(version)
        return message_to_policy(message) if message else None

    def wait_for_count(self, timeout_s: float) -> None:
        """Wait for every agent's last status and a learner's that counts all its steps."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            observed = self.observed
            agents = list(observed.agents.values())
            all_ended = len(agents) == len(self._namespaces) and all(
                status.state in ENDED_STATES for status in agents
            )
            if all_ended and observed.learner.transitions_stored >= observed.steps:
                return
            time.sleep(0.02)

    def close(self) -> None:
        """Leave the domain, if it was joined."""
        if not self._thread.is_alive():
            return
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def _listen(self) -> None:
        """Subscribe to learner and robots."""
        node = self._node
        node.create_subscription(LearnerStatus, LEARNER_STATUS, self._hear_learner, STATUS_QOS)
        node.create_subscription(PolicyMessage, POLICY, self._hear_policy, _ALL_POLICIES_QOS)
        for namespace in self._namespaces:
            prefix = f'/{namespace}/' if namespace else '/'
            node.create_subscription(
                AgentStatus, prefix + AGENT_STATUS, self._hear_agent, STATUS_QOS
            )
            node.create_subscription(Episode, prefix + EPISODE, self._hear_episode, EPISODE_QOS)
            node.create_subscription(Step, prefix + STEP, self._hear_step, STEP_QOS)
            self._evaluations.append(node.create_client(Evaluate, f'{prefix}agent/evaluate'))

    def _spin(self) -> None:
        """Serve callbacks until closed."""
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _hear_learner(self, message: LearnerStatus) -> None:
        """Keep the learner's status."""
        self.observed.learner = message

    def _hear_agent(self, message: AgentStatus) -> None:
        """Keep a robot's status."""
        self.observed.agents[message.robot] = message

    def _hear_episode(self, message: Episode) -> None:
        """Keep a finished episode."""
        self.observed.episodes.append(message)
        self._on_episode(message)

    def _hear_step(self, message: Step) -> None:
        """Take a step into the means of its robot."""
        steps_of = self.observed.steps_of
        if message.robot not in steps_of:
            steps_of[message.robot] = StepMeans(self._shown)
        steps_of[message.robot].add(message)

    def _hear_policy(self, message: PolicyMessage) -> None:
        """Keep a policy."""
        policies = self.observed.policies
        policies[message.version] = message
        if len(policies) > _POLICIES_KEPT:
            policies.popitem(last=False)
