# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What robots, bridge and learner say of themselves during a soak."""

from array import array
from collections.abc import Sequence
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from fleet import SpinningListener
import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rl_agent.control.agent import ENDED_STATES
from rl_agent.ros.ros_messages import stamp_to_ns
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    DIAGNOSTICS,
    LEARNER_STATUS,
    REPLAY_STATUS,
    STATUS_QOS,
    STEP,
    STEP_QOS,
)
from rl_msgs.msg import AgentStatus, LearnerStatus, ReplayStatus, Step
from soak_experience import Session, Told
from soak_experience import STEP as STEP_TYPE
from soak_faults import BRIDGE, LEARNER
from soak_training import Progress

# counts of the bridge that must stay 0
_REFUSALS = ('transitions_lost', 'transitions_refused', 'batches_refused', 'same_robot_name')


class Hearing:
    """Listens to a fleet in a thread and keeps only what is needed, for hours.

    Attributes:
        agents: robot to its newest status, and when it was heard on the steady clock.
        told: session to what its agent said last.
        learner: every status of the learner.
        learner_s: when its newest was heard, on the steady clock.
        stored: transitions that it has ever had in replay.
        bridge: newest status of the bridge.
        bridge_s: when it was heard.
        refusals: highest counts of the bridge that must stay 0.
        rejected: policies that robots rejected, by session.
        events: highest count of each event, by session and name.
    """

    def __init__(self, robots: Sequence[str], start_s: float) -> None:
        """Listen to robots; `start_s` is the start on the steady clock."""
        self._start_s = start_s
        self.agents: dict[str, tuple[float, AgentStatus]] = {}
        self.told: dict[Session, Told] = {}
        self.learner: list[Progress] = []
        self.learner_s = self.bridge_s = 0.0
        self.stored = 0
        self.bridge = ReplayStatus()
        self.refusals = dict.fromkeys(_REFUSALS, 0)
        self.rejected: dict[Session, int] = {}
        self.events: dict[tuple[str, str, str], int] = {}
        self._simulated_s: dict[str, float] = {}
        self._stamps: dict[str, array[int]] = {robot: array('q') for robot in robots}
        self._numbers: dict[str, array[int]] = {robot: array('I') for robot in robots}
        self._listener = SpinningListener()
        node = self._listener.node
        for robot in robots:
            prefix = f'/{robot}/'
            node.create_subscription(
                AgentStatus, prefix + AGENT_STATUS, self._on_agent, STATUS_QOS
            )
            node.create_subscription(Step, prefix + STEP, self._on_step, STEP_QOS)
        node.create_subscription(LearnerStatus, LEARNER_STATUS, self._on_learner, STATUS_QOS)
        node.create_subscription(ReplayStatus, REPLAY_STATUS, self._on_bridge, STATUS_QOS)
        node.create_subscription(DiagnosticArray, DIAGNOSTICS, self._on_diagnostics, 100)
        self._limits = {
            robot: node.create_client(SetParameters, f'/{robot}/agent/set_parameters')
            for robot in robots
        }

    def heard_s(self, name: str) -> float:
        """Return when a process was last heard, by its name; 0: never."""
        if name in (LEARNER, BRIDGE):
            return self.learner_s if name == LEARNER else self.bridge_s
        if name.endswith('_agent'):
            return self.agents.get(name.removesuffix('_agent'), (0.0, None))[0]
        return self._simulated_s.get(name.removesuffix('_simulated_robot'), 0.0)

    def finish(self) -> None:
        """Let every agent take no more steps than it has; it sends what it has, and stays."""
        value = ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=1)
        for client in self._limits.values():
            request = SetParameters.Request(parameters=[Parameter(name='max_steps', value=value)])
            client.call_async(request)

    def steps(self) -> dict[str, NDArray[Any]]:
        """Return every step that was heard, by robot, of type `STEP`."""
        found = {}
        for robot, stamps in self._stamps.items():
            own = np.empty(len(stamps), STEP_TYPE)
            own['stamp'] = stamps
            own['episode'], own['step'] = np.array(self._numbers[robot], 'u4').reshape(-1, 2).T
            found[robot] = own
        return found

    @property
    def backlog(self) -> int:
        """Transitions that wait for their updates, as the learner said last."""
        return self.learner[-1].backlog if self.learner else 0

    def total_events(self) -> dict[str, int]:
        """Return how often each event happened, over all robots and sessions."""
        totals: dict[str, int] = {}
        for (_, _, name), count in self.events.items():
            totals[name] = totals.get(name, 0) + count
        return totals

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _on_agent(self, message: AgentStatus) -> None:
        """Keep a status."""
        session = (message.robot, message.session)
        self.agents[message.robot] = (time.monotonic(), message)
        self.told[session] = Told(
            int(message.steps),
            int(message.transitions_dropped),
            message.state in ENDED_STATES,
        )
        self.rejected[session] = int(message.policies_rejected)
        for name, count in zip(message.event_names, message.event_counts, strict=True):
            self.events[message.robot, message.session, name] = int(count)

    def _on_step(self, message: Step) -> None:
        """Keep which step it was."""
        self._stamps[message.robot].append(stamp_to_ns(message.header.stamp))
        self._numbers[message.robot].extend((message.episode, message.step))

    def _on_learner(self, message: LearnerStatus) -> None:
        """Keep the counts."""
        self.learner_s, self.stored = time.monotonic(), int(message.transitions_stored)
        self.learner.append(
            Progress(
                time.monotonic() - self._start_s,
                message.learner_session,
                int(message.updates),
                int(message.policy_version),
                int(message.backlog),
            )
        )

    def _on_bridge(self, message: ReplayStatus) -> None:
        """Keep the status, and the highest counts, which begin again with each start."""
        self.bridge, self.bridge_s = message, time.monotonic()
        for name in _REFUSALS:
            self.refusals[name] = max(self.refusals[name], int(getattr(message, name)))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        """Note which simulated robot this is."""
        for status in message.status:
            if any(item.key == 'executed_steps' for item in status.values):
                self._simulated_s[status.hardware_id] = time.monotonic()
