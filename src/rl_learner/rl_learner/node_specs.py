# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Which nodes run on the learner machine: one definition for all who start them."""

from rl_agent.node_specs import NodeSpec, ParameterValue


def learner_nodes(
    robot: str,
    algorithm: str,
    replay_port: int,
    **learner_parameters: ParameterValue,
) -> tuple[NodeSpec, NodeSpec]:
    """Return replay bridge and learner.

    Args:
        robot: name or file of the robot's description.
        algorithm: name or file.
        replay_port: of the Reverb server between the two.
        learner_parameters: other ROS parameters of the learner.
    """
    shared: dict[str, ParameterValue] = {
        'robot': robot,
        'algorithm': algorithm,
        'replay_port': replay_port,
    }
    return (
        NodeSpec('rl_learner', 'replay_bridge', parameters=shared),
        NodeSpec('rl_learner', 'learner', parameters={**shared, **learner_parameters}),
    )
