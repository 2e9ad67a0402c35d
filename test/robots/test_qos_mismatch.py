# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Nodes with incompatible quality of service are named, with the remedy."""

from pathlib import Path

from fleet import Listener, running
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rl_agent.bringup.node_specs import agent
from rl_msgs.msg import AgentStatus, TransitionAck
from std_msgs.msg import Bool

BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.mark.timeout(120)
def test_both_ends_of_an_agent_name_the_remedy(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    listener = Listener({'/qos/agent_status': (AgentStatus, LATCHED)})
    stop = listener.node.create_publisher(Bool, '/qos/emergency_stop', BEST_EFFORT)
    listener.node.create_publisher(TransitionAck, '/transitions_ack', QoSProfile(depth=1))
    spec = agent('pendulum', 'qos', spool_folder='', robot_timeout_s=60.0)

    def said() -> str:
        """Return the log of the agent."""
        return (tmp_path / f'{spec.name}.log').read_text(encoding='utf-8')

    wanted = (
        '/qos/agent_status: incompatible quality of service (durability): /listener receives'
        ' nothing from this node; remedy: subscribe with durability volatile'
    )
    try:
        with running([spec], ros_environment, tmp_path):
            listener.until(lambda: wanted in said(), 60, wanted)
            # one of the subscriptions receives from every publisher of stops: no reason to warn
            stop.publish(Bool(data=True))
            listener.until(lambda: 'asked for on /qos/emergency_stop' in said(), 60, 'the stop')
            assert said().count('incompatible quality of service') == 1, said()
    finally:
        listener.close()
