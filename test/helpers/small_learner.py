# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A learner with small networks and a small simulation, for tests that are about other things."""

from pathlib import Path
from typing import Any

from rl_agent.bringup.node_specs import NodeSpec
from rl_learner.bringup.node_specs import learner_nodes, simulation_nodes
from rl_learner.system.ports import free_port

SMALL = 'batch_size: 32\nactor_hidden_sizes: [32, 32]\ncritic_hidden_sizes: [32, 32]\n'


def small_learner_nodes(
    folder: Path, port: int, algorithm: str = SMALL, **options: Any
) -> tuple[NodeSpec, NodeSpec]:
    """Return replay bridge and learner of a pendulum, with their run in a folder.

    Args:
        folder: of the run and the algorithm's file.
        port: of Reverb.
        algorithm: content of that file.
        options: see `learner_nodes`.
    """
    path = folder / 'small.yaml'
    path.write_text(algorithm)
    return learner_nodes(
        'pendulum',
        str(path),
        port,
        run_folder=str(folder / 'run'),
        threads=1,
        status_rate_hz=10.0,
        **options,
    )


def pendulum_simulation(folder: Path, *, max_steps: int, **options: Any) -> list[NodeSpec]:
    """Return the nodes of a simulation of one pendulum, with their run in a folder.

    Args:
        folder: of the run.
        max_steps: see `simulation_nodes`, as all further ones.
        options: further ones.
    """
    return simulation_nodes(
        'pendulum',
        'default',
        free_port(),
        robots=1,
        seed=1,
        max_steps=max_steps,
        max_steps_ahead=64,
        run_folder=str(folder / 'run'),
        threads=1,
        **options,
    )
