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

"""The status of an agent on `agent_status` and `/diagnostics`."""

from array import array
import math
import threading
import time

from rclpy.duration import Duration
from rclpy.node import Node
from rl_agent.control.agent import HELD, MOVING_STATES, PAUSED, WAITING
from rl_agent.control.ros_agent_parts import AgentParts
from rl_agent.control.ros_control_loop import ControlLoop
from rl_agent.real_time.latency_histogram import Counts
from rl_agent.robot_interface.ros_realtime_robot import RealtimeRobot
from rl_agent.ros.ros_diagnostics import Concern, Diagnostics, Recent
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import AGENT_STATUS, STATUS_QOS
from rl_agent.safety.safety_state import OK
from rl_agent.teaching.hand_state import DRIVING, NONE, REFUSED
from rl_agent.teaching.words import DISCARD, FAILURE, SUCCESS
from rl_agent.transport.ros_uplink import ACKNOWLEDGEMENT_REFUSED
from rl_agent.transport.same_name import SAME_NAME
from rl_msgs.msg import AgentStatus

_LAST_STATUS_TIMEOUT_S = 0.3
_MAX_MISSED_FRACTION = 0.01  # of the control periods
_MAX_PENDING_S = 10.0  # a working connection leaves fewer transitions unacknowledged
_CONCERNING = {  # events of the link to the learner machine
    ACKNOWLEDGEMENT_REFUSED: 'acknowledgements are refused: see the log for why',
    SAME_NAME: 'another robot sends under the same name: see the log',
}
_MIN_RATE_HZ = 10.0  # of steps, for the number of pending transitions


class StatusPublisher:
    """Publishes an agent's status, and the concerns that a person should look at."""

    def __init__(self, node: Node, parts: AgentParts, loop: ControlLoop) -> None:
        """Advertise the topics."""
        self._node, self._parts, self._loop = node, parts, loop
        self._publisher = node.create_publisher(AgentStatus, AGENT_STATUS, STATUS_QOS)
        self._diagnostics = Diagnostics(node, agent_concerns)
        self._last_steps = (time.monotonic(), 0)  # time of the last status, and steps by then
        self._last_latencies: Counts | None = None  # latencies by then
        self._newest, self._last_line = AgentStatus(), ''
        self._lock = threading.Lock()  # the last status may come amid another

    def publish(self) -> None:
        """Publish the status; call it once a second."""
        with self._lock:
            message = self._message()
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._newest = message
            self._publisher.publish(message)
            self._diagnostics.publish(message)

    def log_progress(self) -> None:
        """Log one line about what the agent does; call it every `PROGRESS_PERIOD_S`."""
        line = progress_line(self._newest)
        if line != self._last_line:
            self._node.get_logger().info(line)
        self._last_line = line

    def publish_last(self) -> None:
        """Publish the status and wait until it has left, because the process ends."""
        self.publish()
        self._publisher.wait_for_all_acked(Duration(nanoseconds=int(_LAST_STATUS_TIMEOUT_S * 1e9)))

    def close(self) -> None:
        """Destroy the publishers."""
        self._node.destroy_publisher(self._publisher)
        self._diagnostics.close()

    def _message(self) -> AgentStatus:
        """Return the status without a stamp."""
        parts, loop = self._parts, self._loop
        agent, newest = loop.agent, parts.store.newest
        now_s = time.monotonic()
        since_s, steps = self._last_steps
        self._last_steps = (now_s, agent.steps)
        events, outcomes = parts.events.counts(), agent.outcomes
        message = AgentStatus(
            robot=parts.sender.robot,
            session=parts.sender.session,
            state=self.state,
            steps=agent.steps - outcomes.discarded_steps,
            steps_per_s=(agent.steps - steps) / max(now_s - since_s, 1e-3),
            episode=agent.episode,
            last_return=parts.steps.last_return,
            person_steps=agent.person_steps - outcomes.discarded_person_steps,
            hand=parts.hand.takeover.state if parts.hand else NONE,
            episodes_succeeded=outcomes.counts[SUCCESS],
            episodes_failed=outcomes.counts[FAILURE],
            episodes_discarded=outcomes.counts[DISCARD],
            policy_version=newest.version if newest else 0,
            policy_age_s=now_s - newest.received_s if newest else math.nan,
            learner_session=newest.learner_session if newest else '',
            policies_accepted=parts.store.accepted,
            policies_rejected=parts.store.rejected,
            transitions_pending=parts.spool.sendable,
            transitions_acknowledged=loop.uplink.acknowledged,
            transitions_dropped=parts.spool.dropped,
            transitions_on_disk=parts.spool.on_disk,
            safety_state=parts.state.summary,
            safety_latched=parts.state.is_latched,
            event_names=list(events),
            event_counts=array('Q', events.values()),
            latency_p50_us=math.nan,
            latency_p99_us=math.nan,
        )
        self._add_timing(message)
        return message

    @property
    def state(self) -> str:
        """What the agent does or waits for; while a stop is in force, a reset waits too."""
        if request := self._loop.robot.operator_request:
            return request
        state = self._loop.agent.state
        if state in MOVING_STATES and self._parts.state.stop is not None:
            return PAUSED if self._loop.env.is_paused else HELD
        return state

    def _add_timing(self, message: AgentStatus) -> None:
        """Add the timing of the control loop, which only real time has."""
        robot = self._loop.robot
        if not isinstance(robot, RealtimeRobot):
            return
        counts = robot.latency.counts.copy()
        message.latency_p50_us, message.latency_p99_us = robot.latency.percentiles(
            (0.5, 0.99), self._last_latencies
        )
        self._last_latencies = counts
        message.ticks, message.ticks_late, message.ticks_missed = (
            robot.rate.ticks,
            robot.rate.late,
            robot.rate.missed,
        )


def progress_line(status: AgentStatus) -> str:
    """Return what a person wants to see every now and then, in one line."""
    words = [status.state or 'starting', f'{status.steps:,} steps']
    if status.steps:
        words[1] += f' ({status.steps_per_s:.0f}/s)'
        words.append(f'episode {status.episode}')
    if not math.isnan(status.last_return):
        words.append(f'last return {status.last_return:.1f}')
    if status.hand == DRIVING:
        words.append('a person drives')
    if status.person_steps:
        words.append(f'{status.person_steps / status.steps:.1%} of the steps by a person')
    if status.policy_version:
        words.append(f'policy {status.policy_version}')
    if status.transitions_pending:
        words.append(f'{status.transitions_pending:,} transitions not acknowledged')
    return ', '.join(words)


def agent_concerns(status: AgentStatus, recent: Recent) -> list[Concern]:
    """Return the parts of an agent's status that a person should look at."""
    concerns = []
    if status.safety_latched:
        concerns.append(
            Concern(f'{status.safety_state}: only ~/rearm moves it again', is_error=True)
        )
    elif status.safety_state not in (OK, ''):
        concerns.append(Concern(status.safety_state))
    if status.hand.startswith(REFUSED):
        concerns.append(Concern(f'the hand is {status.hand}'))
    if status.state.startswith(WAITING):
        concerns.append(Concern(status.state))
    if recent.grew('dropped', status.transitions_dropped):
        concerns.append(
            Concern(
                'the spool is full, its oldest transitions are lost: is the learner reachable?'
            )
        )
    elif status.transitions_pending > _MAX_PENDING_S * max(status.steps_per_s, _MIN_RATE_HZ):
        concerns.append(
            Concern(f'{status.transitions_pending} transitions wait for the learner machine')
        )
    if recent.grew('rejected', status.policies_rejected):
        concerns.append(Concern('policies are refused: see the log for why'))
    counts = dict(zip(status.event_names, status.event_counts, strict=False))
    for event, text in _CONCERNING.items():
        if recent.grew(event, counts.get(event, 0)):
            concerns.append(Concern(text))
    missed = recent.grew('missed', status.ticks_missed)
    if missed and status.ticks_missed > _MAX_MISSED_FRACTION * status.ticks:
        concerns.append(
            Concern(f'{status.ticks_missed} of {status.ticks} control periods were missed')
        )
    return concerns
