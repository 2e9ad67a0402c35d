# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The agent process of the control benchmark, which prints its timing for each line on stdin."""

import json
import os
import signal
import sys
import threading
from typing import Any

from rl_agent.nodes.agent_node import AgentNode
from rl_agent.robot_interface.ros_realtime_robot import RealtimeRobot
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run


class TimedAgentNode(AgentNode):
    """An agent that answers each line on stdin with the timing since the previous line."""

    def configure(self) -> None:
        """Configure the node and start answering."""
        super().configure()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        """Answer until stdin ends, then end the process."""
        before: dict[str, Any] | None = None
        for _ in sys.stdin:
            loop = self._loop
            robot = loop.robot
            assert isinstance(robot, RealtimeRobot)
            rate = robot.rate
            now: dict[str, Any] = {
                'counts': robot.latency.counts.copy(),
                'ticks': rate.ticks,
                'late': rate.late,
                'missed': rate.missed,
                'steps': loop.agent.steps,
                'person_steps': loop.agent.person_steps,
                'policies': self._parts.store.accepted,
                'acknowledged': loop.uplink.acknowledged,
                'events': self._parts.events.counts(),
            }
            since = before or now
            p50, p99 = robot.latency.percentiles((0.5, 0.99), since['counts'])
            names = [name for name in now if name not in ('counts', 'events')]
            answer = {
                name: now[name] - (before or dict.fromkeys(names, 0))[name] for name in names
            }
            print(
                'timing',
                json.dumps({**answer, 'p50': p50, 'p99': p99, 'events': now['events']}),
                flush=True,
            )
            before = now
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the node."""
    make: type[ManagedNode] = TimedAgentNode
    sys.exit(run(make, sys.argv))


if __name__ == '__main__':
    main()
