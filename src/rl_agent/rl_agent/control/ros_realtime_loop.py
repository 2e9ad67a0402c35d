# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""The control loop in real time: the steady clock sets the rate of a control thread."""

from collections.abc import Callable, Sequence
import time

from rclpy.node import Node
from rl_agent.bringup.evaluation_topics import is_evaluation_topic
from rl_agent.control.background_worker import BackgroundWorker
from rl_agent.control.decision_rehearsal import DecisionRehearsal
from rl_agent.control.ros_agent_parts import AgentParts, make_policy_subscriber, make_uplink
from rl_agent.control.ros_control_loop import ControlLoop
from rl_agent.real_time.chore import Chore
from rl_agent.real_time.keep_awake import kept_awake
from rl_agent.real_time.scheduling import prepare_process, prepare_thread, restore_process
from rl_agent.robot_interface.ros_realtime_robot import RealtimeRobot
from rl_agent.ros.ros_topics import POLICY

# An emergency stop that was asked for before this start is heard before the robot moves.
_LATCHED_STOP_HEARD_S = 1.0


class RealtimeLoop(ControlLoop):
    """A control loop that does everything else just after a command has left.

    A background thread then serves the listener and the connection to the learner machine, and
    does the chores.
    """

    def __init__(self, node: Node, parts: AgentParts) -> None:
        """Connect to robot and learner machine; nothing moves.

        Args:
            node: its executor spins in another thread.
            parts: of the agent.
        """
        self._settings, self._events = parts.settings, parts.events
        self._emergency_stop = parts.emergency_stop
        settings = parts.settings
        robot = RealtimeRobot(
            node,
            parts.of_this_robot,
            settings.robot_timeout_s,
            parts.state,
            parts.events,
            policy_heard_s=_policy_heard_s(node, parts),
            when_idle=self._when_idle,
            rehearse_decision=lambda reading: self._rehearsal.walk(reading),
            own_processor=settings.keep_awake,
            watched=parts.emergency_stop.watched,
        )
        parts.store.pause = robot.idle_time.wait
        policies = make_policy_subscriber(node, parts, polled=True)
        uplink = make_uplink(node, parts, polled=True)
        self._background = BackgroundWorker(parts.listener)
        super().__init__(parts, robot, uplink, policies, self._background, defer_spooling=True)
        self._rehearsal = DecisionRehearsal(self.env, self.agent)
        connection = (uplink.exchange, policies.poll)
        self.add_chores([Chore(work, settings.send_period_s) for work in connection])

    def add_chores(self, chores: Sequence[Chore]) -> None:
        """Let the background thread do chores."""
        self._background.add_chores(chores)

    def prepare(self) -> None:
        """Get ready for `run`, and the process for a steady rate."""
        self._emergency_stop.wait_for_heartbeat()
        super().prepare()
        prepare_process()

    def run(self) -> bool:
        """Run the agent on this thread, with real-time scheduling, see `ControlLoop`."""
        settings = self._settings
        for line in prepare_thread(settings.realtime_priority, settings.control_cpu):
            self._events.info(line)
        with kept_awake(settings.control_cpu if settings.keep_awake else -1, self._events.info):
            return super().run()

    def finish(self) -> None:
        """Send the last transitions, and give the process its ordinary scheduling back."""
        restore_process()
        self._background.wake()
        super().finish()

    def close(self) -> None:
        """Serve the listener for the last time and disconnect."""
        self._background.close()
        super().close()

    def _wait_for_robot(self) -> None:
        """Wait until every sensor topic has a message, and for an earlier emergency stop."""
        super()._wait_for_robot()
        time.sleep(_LATCHED_STOP_HEARD_S)

    def _when_idle(self) -> None:
        """Do on the control thread what can wait until a command has left."""
        self.agent.spool_deferred_step()
        if self.hand:
            self.hand.poll()
        self._background.wake()


def _policy_heard_s(node: Node, parts: AgentParts) -> Callable[[], float]:
    """Return a function that returns when the learner was last heard, for the policy's watchdog.

    The evaluation of a policy file has no learner to lose, nor has a person who demonstrates
    before there is a policy.
    """
    store = parts.store
    if parts.settings.policy and is_evaluation_topic(node.resolve_topic_name(POLICY)):
        return time.monotonic
    return lambda: time.monotonic() if store.newest is None else store.heard_s
