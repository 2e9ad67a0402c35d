# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Models that stand in for a robot's body, found by the name in the robot's description.

A model `toy_car` is a module `toy_car.py` in this folder with a class `ToyCar` that has no
arguments and offers what `model.SimulatedModel` says: nothing else has to know of it. One outside
this package is named `module:Class`.
"""

from collections.abc import Mapping
import inspect

from rl_agent.description.randomisation import RandomisationRanges
from rl_agent.errors import ConfigurationError
from rl_agent.plugins import find_class
from rl_agent.simulated_models.model import SimulatedModel

Parameter = bool | float | str
_NOTHING = RandomisationRanges()


def make_model(
    name: str,
    parameters: Mapping[str, Parameter] | None = None,
    ranges: RandomisationRanges = _NOTHING,
) -> SimulatedModel:
    """Return a new model.

    Args:
        name: see above.
        parameters: keyword arguments of its class.
        ranges: what varies from episode to episode.

    Raises:
        ConfigurationError: there is none of that name, it has no such parameter, or it does not
            vary.
    """
    try:
        model_class = find_class(__name__, name, besides=('model', 'quadruped_parts'))
    except ConfigurationError as error:
        raise ConfigurationError(f'simulation.model: {error}') from error
    given = parameters or {}
    _check_parameters(name, given, inspect.signature(model_class).parameters)
    model: SimulatedModel = model_class(**given)
    if ranges != _NOTHING:
        if not hasattr(model, 'randomise'):
            raise ConfigurationError(
                f'simulation.randomisation: given for {name!r}, which does not vary; accepted: a'
                ' model with a method randomise'
            )
        model.randomise(ranges)
    return model


def _check_parameters(
    name: str, given: Mapping[str, Parameter], accepted: Mapping[str, inspect.Parameter]
) -> None:
    """Raise ConfigurationError for a parameter that a model does not have, or of another type."""
    for key, value in given.items():
        if key not in accepted:
            raise ConfigurationError(
                f'simulation.parameters: unknown for {name!r}: {key};'
                f' accepted: {", ".join(accepted) or "none"}'
            )
        kind = type(accepted[key].default)
        if not isinstance(value, kind):
            raise ConfigurationError(
                f'simulation.parameters.{key}: given {value!r}; accepted: {kind.__name__}, as'
                f' {accepted[key].default!r}'
            )
