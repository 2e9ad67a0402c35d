# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The control loop in lockstep with a simulation: time passes only with a command."""

from rclpy.node import Node
from rl_agent.control.ros_agent_parts import AgentParts, make_uplink
from rl_agent.control.ros_control_loop import ControlLoop
from rl_agent.policy.ros_policy_subscriber import PolicySubscriber
from rl_agent.robot_interface.ros_lockstep_robot import LockstepRobot


class LockstepLoop(ControlLoop):
    """A control loop whose connection to the learner machine is served by the node's executor."""

    def __init__(self, node: Node, parts: AgentParts) -> None:
        """Connect to robot and learner machine; nothing moves.

        Args:
            node: its executor spins in another thread.
            parts: of the agent.
        """
        settings = parts.settings
        super().__init__(
            parts,
            LockstepRobot(node, parts.of_this_robot, settings.robot_timeout_s, parts.events),
            make_uplink(node, parts),
            PolicySubscriber(node, parts.store, parts.authority),
            parts.listener,
            defer_spooling=False,
        )
