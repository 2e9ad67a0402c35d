# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `agent` node: runs the policy on a robot and sends every transition to the learner."""

import os

# before NumPy: products as small as a policy's are slower on several threads, and less steady
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

from collections.abc import Sequence
import math
import sys
import threading
import time
from typing import Annotated
import uuid

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from rclpy.duration import Duration
from rl_agent.agent import Agent, ENDED_STATES, STOPPED
from rl_agent.errors import PolicyError, RlError
from rl_agent.pacing import SimulationPacer
from rl_agent.policy_store import PolicyStore
from rl_agent.robot_description import load_robot
from rl_agent.robot_env import RobotEnv
import rl_agent.ros_interfaces  # noqa: F401  (first: it explains a missing rl_msgs)
from rl_agent.ros_listener import RosListener
from rl_agent.ros_main import ManagedNode, run
from rl_agent.ros_messages import message_to_policy
from rl_agent.ros_parameters import declare_parameters
from rl_agent.ros_robot import RosRobot
from rl_agent.ros_task_parameters import TaskParameters
from rl_agent.ros_topics import (
    AGENT_STATUS,
    LEARNER_STATUS,
    POLICY,
    POLICY_QOS,
    STATUS_QOS,
    steady_clock,
)
from rl_agent.ros_uplink import Uplink
from rl_agent.spaces import Spaces
from rl_agent.spool import Spool
from rl_agent.transition_batch import Sender
from rl_msgs.msg import AgentStatus, LearnerStatus
from rl_msgs.msg import Policy as PolicyMessage
from rl_msgs.srv import Evaluate

_SPOOL_S = 3600.0  # an hour of robot time
_FLUSH_S = 1.5
_LAST_STATUS_S = 0.3


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class AgentParameters:
    """ROS parameters of the agent."""

    robot: Annotated[
        str, Field(description='name of a robot description, or the path of its YAML file')
    ] = ''
    robot_id: Annotated[
        str, Field(description='unique name in the fleet; empty: the namespace, or `robot`')
    ] = ''
    seed: Annotated[int, Field(ge=0, description='of the exploration noise')] = 0
    explore: Annotated[bool, Field(description='false: every episode is deterministic')] = True
    autostart: Annotated[
        bool, Field(description='go to `active` by itself, without a lifecycle manager')
    ] = True
    max_steps: Annotated[
        int, Field(ge=0, description='stop after so many control steps; 0: no limit')
    ] = 0
    max_steps_ahead: Annotated[
        int,
        Field(
            ge=0,
            description='simulation only: hold time back while the learner is so many'
            ' transitions behind; 0: never wait',
        ),
    ] = 0
    robot_timeout_s: Annotated[
        float, Field(gt=0, description='a robot that is silent for so long is an error')
    ] = 10.0
    send_period_s: Annotated[
        float, Field(ge=0.001, le=1.0, description='time between two batches of transitions')
    ] = 0.05


class AgentNode(ManagedNode):
    """Connects the plain `Agent` to ROS."""

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('agent')
        self._settings = declare_parameters(self, AgentParameters)
        self._thread: threading.Thread | None = None
        self._rate = (time.monotonic(), 0)  # when the steps were last counted, and how many

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def configure(self) -> None:
        """Read the description and connect to robot and learner; nothing moves."""
        parameters = self._settings
        description = load_robot(parameters.robot)
        spaces = Spaces(description)
        namespace = self.get_namespace().strip('/')
        robot_id = parameters.robot_id or namespace or description.name
        self._sender = Sender(robot_id, uuid.uuid4().hex, spaces.fingerprint)
        self._robot = RosRobot(self, description, parameters.robot_timeout_s)
        self._store = PolicyStore(spaces)
        self._spool = Spool(math.ceil(_SPOOL_S * description.rate_hz))
        self._listener = RosListener(self, spaces, self._sender)
        self._uplink = Uplink(self, self._spool, self._sender, parameters.send_period_s)
        self._pacer = SimulationPacer(parameters.max_steps_ahead)
        env = RobotEnv(self._robot, description)
        self._task_parameters = TaskParameters(self, env)
        self._agent = Agent(
            env,
            self._store,
            self._spool,
            self._listener,
            seed=parameters.seed,
            explore=parameters.explore,
            max_steps=parameters.max_steps,
            pacer=self._pacer if parameters.max_steps_ahead else None,
        )
        self._connect()
        self.get_logger().info(
            f'{robot_id}: {description.name} with {spaces.observation_size} observations,'
            f' {spaces.action_size} actions, fingerprint {spaces.fingerprint}'
        )

    def activate(self) -> None:
        """Begin to move, once a policy is there."""
        self._robot.prepare()
        self._agent.prepare()
        self._thread = threading.Thread(target=self._run, name='control')
        self._thread.start()

    def deactivate(self) -> None:
        """Stop after the step under way; hand over what the learner machine does not have."""
        if self._thread is None:
            return
        self._agent.stop()
        self._robot.stop_waiting(grace_s=1.0)
        self._thread.join()
        self._thread = None
        if self._agent.state not in ENDED_STATES:
            self._agent.state = STOPPED  # it waited for a robot that did not answer
        self._uplink.send()
        if not self._spool.wait_until_empty(_FLUSH_S):
            self.get_logger().warning(
                f'{self._spool.pending} transitions were not acknowledged and are lost'
            )
        self._publish_status()
        # a process that ends at once would take its last status along
        self._status.wait_for_all_acked(Duration(nanoseconds=int(_LAST_STATUS_S * 1e9)))

    def clean_up(self) -> None:
        """Disconnect."""
        self._uplink.close()
        self._task_parameters.close()
        self._robot.close()
        self._listener.close()
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self.destroy_timer(self._timer)
        self.destroy_publisher(self._status)
        self.destroy_service(self._evaluate)

    def _connect(self) -> None:
        """Create what is not a part's own: policy in, pacing in, status out, evaluation."""
        self._inputs = [
            self.create_subscription(PolicyMessage, POLICY, self._on_policy, POLICY_QOS)
        ]
        if self._settings.max_steps_ahead:
            self._inputs.append(
                self.create_subscription(
                    LearnerStatus,
                    LEARNER_STATUS,
                    self._on_learner_status,
                    STATUS_QOS,
                )
            )
        self._status = self.create_publisher(AgentStatus, AGENT_STATUS, STATUS_QOS)
        self._timer = self.create_timer(1.0, self._publish_status, clock=steady_clock())
        self._evaluate = self.create_service(Evaluate, '~/evaluate', self._on_evaluate)

    def _run(self) -> None:
        """Run the agent until it ends; an error ends the process."""
        try:
            self._agent.state = 'waiting for the robot'
            self._robot.wait_until_heard()
            self._agent.run()
        except RlError as error:
            if not self._agent.stopping:
                self.fail(error)

    def _on_policy(self, message: PolicyMessage) -> None:
        """Offer a policy to the store."""
        try:
            self._store.offer(message_to_policy(message))
        except PolicyError as error:
            self.get_logger().error(f'policy refused: {error}', throttle_duration_sec=10.0)

    def _on_learner_status(self, message: LearnerStatus) -> None:
        """Note how far training is behind."""
        self._pacer.report(message.backlog)

    def _on_evaluate(
        self, request: Evaluate.Request, response: Evaluate.Response
    ) -> Evaluate.Response:
        """Ask the agent for deterministic episodes."""
        self._agent.evaluate(request.episodes)
        response.success = True
        response.message = f'{request.episodes} deterministic episodes after the current one'
        return response

    def _publish_status(self) -> None:
        """Publish how the agent is doing."""
        agent, newest = self._agent, self._store.newest
        now_s = time.monotonic()
        since_s, steps = self._rate
        self._rate = (now_s, agent.steps)
        message = AgentStatus(
            robot=self._sender.robot,
            session=self._sender.session,
            state=agent.state,
            steps=agent.steps,
            steps_per_s=(agent.steps - steps) / max(now_s - since_s, 1e-3),
            episode=agent.episode,
            last_return=self._listener.last_return,
            policy_version=newest.version if newest else 0,
            policy_age_s=now_s - newest.received_s if newest else math.nan,
            learner_session=newest.learner_session if newest else '',
            policies_accepted=self._store.accepted,
            policies_rejected=self._store.rejected,
            transitions_pending=self._spool.pending,
            transitions_acknowledged=self._uplink.acknowledged,
            transitions_dropped=self._spool.dropped,
        )
        message.header.stamp = self.get_clock().now().to_msg()
        self._status.publish(message)


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(AgentNode, args))


if __name__ == '__main__':
    main()
