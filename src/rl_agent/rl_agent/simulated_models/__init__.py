# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Models that stand in for a robot's body, found by the name in the robot's description.

A model `toy_car` is a module `toy_car.py` in this folder with a class `ToyCar` that has no
arguments and offers what `model.SimulatedModel` says: nothing else has to know of it. One outside
this package is named `module:Class`.
"""

from rl_agent.errors import ConfigurationError
from rl_agent.named_class import find_class
from rl_agent.simulated_models.model import SimulatedModel


def make_model(name: str) -> SimulatedModel:
    """Return a new model.

    Raises:
        ConfigurationError: there is none of that name.
    """
    try:
        model: SimulatedModel = find_class(__name__, name, besides=('model',))()
    except ConfigurationError as error:
        raise ConfigurationError(f'simulation.model: {error}') from error
    return model
