# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Models that stand in for a robot's body, by name."""

from collections.abc import Callable

from rl_agent.errors import ConfigurationError
from rl_agent.simulated_models.model import SimulatedModel
from rl_agent.simulated_models.pendulum import Pendulum

MODELS: dict[str, Callable[[], SimulatedModel]] = {'pendulum': Pendulum}


def make_model(name: str) -> SimulatedModel:
    """Return a new model.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name not in MODELS:
        raise ConfigurationError(
            f'simulation.model: given {name!r}; accepted: {", ".join(sorted(MODELS))}'
        )
    return MODELS[name]()
