# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Agents of several robots in one process, each with a DDS participant of its own.

    python -m workers.fleet_robots DESCRIPTION FIRST COUNT RATE_HZ SECONDS

Each agent is the real one with all its topics, its spool and its uplink; only its control thread
does not run, and generated transitions take the place of its own. Each line on stdin names the
next phase, which answers with a JSON object: `create` the agents; `greet`, until each has an
acknowledgement; `send`. The end of stdin ends the process.
"""

from collections.abc import Callable
import json
import os
import sys
import time
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.parameter import Parameter
from rl_agent.control.ros_realtime_loop import RealtimeLoop
from rl_agent.nodes.agent_node import AgentNode

from workers.numbered_transitions import numbered_transition

FIRST_ACK_TIMEOUT_S, LAST_ACK_TIMEOUT_S = 300.0, 30.0
POLL_PERIOD_S = 0.01


class Robot:
    """An agent that measures the time of each acknowledgement.

    Attributes:
        acknowledgements: number of its own.
    """

    def __init__(self, description: str, number: int) -> None:
        """Create the agent; a participant needs a context."""
        context = Context()
        rclpy.init(context=context)
        values: dict[str, Any] = {'robot': description, 'spool_folder': ''}
        self._node = AgentNode(
            namespace=f'/robot_{number}',
            parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
            context=context,
        )
        self._node.trigger_configure()
        loop = self._node._loop
        assert isinstance(loop, RealtimeLoop)
        self._spool, self._wake = self._node._parts.spool, loop._background.wake
        self._uplink = loop.uplink
        self._uplink._connection.listen(self._node._parts.sender.robot, self._on_ack)
        self._appended_s: list[float] = []
        self._latencies_s: list[float] = []
        self._last_s = 0.0
        self.acknowledgements = 0
        spaces = self._node._parts.spaces
        self._sizes = spaces.action_size, spaces.observation_size

    @property
    def pending(self) -> int:
        """Number of transitions not acknowledged."""
        return self._spool.pending

    @property
    def resent(self) -> int:
        """Number of batches that counted as lost."""
        return self._uplink.resent

    @property
    def sent(self) -> int:
        """Number of transitions so far."""
        return len(self._appended_s)

    def step(self) -> None:
        """Append a transition and let the background thread work, as the control thread does."""
        number = self.sent
        action, observation = (np.zeros(size, np.float32) for size in self._sizes)
        self._appended_s.append(time.monotonic())
        self._spool.append(numbered_transition(number, observation, action))
        self._wake()

    def take_latencies_s(self) -> list[float]:
        """Return the latencies since the last call."""
        taken, self._latencies_s = self._latencies_s, []
        return taken

    def acknowledged_s(self) -> float:
        """Return when everything was acknowledged, by the steady clock; infinite: not yet."""
        return float('inf') if self.pending else self._last_s

    def _on_ack(self, session: str, sequence: int) -> None:
        """Record latencies and handle the acknowledgement."""
        now_s, before = time.monotonic(), self._uplink.acknowledged
        self.acknowledgements += 1
        self._uplink._on_ack(session, sequence)
        self._last_s = now_s
        self._latencies_s += [now_s - s for s in self._appended_s[before:sequence]]


def main(description: str, first: int, count: int, rate_hz: float, seconds: float) -> None:
    """Run the phases; see the module's docstring for the arguments."""
    robots: list[Robot] = []

    def create() -> dict[str, Any]:
        robots.extend(Robot(description, number) for number in range(first, first + count))
        return {'created': count}

    def counted() -> int:
        return sum(robot.acknowledgements for robot in robots)

    def send() -> dict[str, Any]:
        cpu_s, acknowledgements = time.process_time(), counted()
        missed = live(robots, rate_hz, seconds)
        wait(robots, LAST_ACK_TIMEOUT_S)
        latencies_s = [value for robot in robots for value in robot.take_latencies_s()]
        return {
            'cpu_s': time.process_time() - cpu_s,
            'missed_ticks': missed,
            'acknowledgements': counted() - acknowledgements,
            'latencies_s': np.quantile(latencies_s or [np.inf], np.linspace(0, 1, 1001)).tolist(),
            'sent': sum(robot.sent for robot in robots),
            'pending': sum(robot.pending for robot in robots),
            'resent': sum(robot.resent for robot in robots),
        }

    phases: dict[str, Callable[[], dict[str, Any]]] = {
        'create': create,
        'greet': lambda: first_acknowledged(robots),
        'send': send,
    }
    print(json.dumps({'imported': True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(phases[line.strip()]()), flush=True)
    os._exit(0)  # the participants of a killed machine do not say goodbye either


def first_acknowledged(robots: list[Robot]) -> dict[str, Any]:
    """Send one transition of each robot; return when each was acknowledged."""
    for robot in robots:
        robot.step()
        robot.take_latencies_s()
    wait(robots, FIRST_ACK_TIMEOUT_S)
    return {'acknowledged_s': [robot.acknowledged_s() for robot in robots]}


def wait(robots: list[Robot], timeout_s: float) -> None:
    """Wait until everything is acknowledged, or for the timeout."""
    deadline_s = time.monotonic() + timeout_s
    while any(robot.pending for robot in robots) and time.monotonic() < deadline_s:
        time.sleep(POLL_PERIOD_S)


def live(robots: list[Robot], rate_hz: float, seconds: float) -> int:
    """Step all robots at the control rate, one after the other; return the periods missed."""
    started_s, missed, rate_hz = time.monotonic(), 0, rate_hz * len(robots)
    for number in range(round(rate_hz * seconds)):
        due_s = started_s + number / rate_hz
        time.sleep(max(0.0, due_s - time.monotonic()))
        missed += time.monotonic() > due_s + len(robots) / rate_hz
        robots[number % len(robots)].step()
    return missed


if __name__ == '__main__':
    path, *numbers = sys.argv[1:]
    main(path, int(numbers[0]), int(numbers[1]), float(numbers[2]), float(numbers[3]))
