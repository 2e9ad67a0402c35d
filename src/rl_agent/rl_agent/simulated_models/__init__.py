# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Models that simulate a robot's body, found by the name in the robot's description.

The model `toy_car` is the class `ToyCar` in a module `toy_car.py` of this folder; it implements
`model.SimulatedModel`, can be made without arguments, and is registered nowhere else. A model
outside this package is named `module:Class`.
"""

from collections.abc import Mapping
import inspect

from rl_agent.description.randomisation import RandomisationRanges
from rl_agent.errors import ConfigurationError
from rl_agent.plugins import find_class
from rl_agent.simulated_models.model import SimulatedModel

Parameter = bool | float | str
_NO_MODELS = ('model', 'drawing', 'quadruped_parts', 'peg_arm_parts')
_NO_RANGES = RandomisationRanges()


def make_model(
    name: str,
    parameters: Mapping[str, Parameter] | None = None,
    ranges: RandomisationRanges = _NO_RANGES,
) -> SimulatedModel:
    """Return a new model.

    Args:
        name: name of the model, or `module:Class`.
        parameters: keyword arguments of its class.
        ranges: what varies from episode to episode.

    Raises:
        ConfigurationError: there is no such model, it has no such parameter, or it cannot vary.
    """
    try:
        model_class = find_class(__name__, name, exclude=_NO_MODELS)
    except ConfigurationError as error:
        raise ConfigurationError(f'simulation.model: {error}') from error
    given = parameters or {}
    _check_parameters(name, given, inspect.signature(model_class).parameters)
    model: SimulatedModel = model_class(**given)
    if ranges != _NO_RANGES:
        _vary(model, name, ranges)
    return model


def _vary(model: SimulatedModel, name: str, ranges: RandomisationRanges) -> None:
    """Let a model vary; raise ConfigurationError if it cannot, or not in everything given."""
    if not hasattr(model, 'randomise'):
        raise ConfigurationError(
            f'simulation.randomisation: given for {name!r}, which cannot vary; accepted: a'
            ' model with a method randomise'
        )
    accepted = getattr(model, 'variations', ranges.given)
    refused = [key for key in ranges.given if key not in accepted]
    if refused:
        raise ConfigurationError(
            f'simulation.randomisation: {refused[0]}: given for {name!r}, which does not vary in'
            f' it; accepted: {", ".join(accepted)}'
        )
    model.randomise(ranges)


def _check_parameters(
    name: str, given: Mapping[str, Parameter], accepted: Mapping[str, inspect.Parameter]
) -> None:
    """Raise ConfigurationError for an unknown parameter or one of another type."""
    for key, value in given.items():
        if key not in accepted:
            raise ConfigurationError(
                f'simulation.parameters: unknown for {name!r}: {key};'
                f' accepted: {", ".join(accepted) or "none"}'
            )
        kind = type(accepted[key].default)
        if not isinstance(value, kind):
            raise ConfigurationError(
                f'simulation.parameters.{key}: given {value!r}; accepted: {kind.__name__}, such'
                f' as {accepted[key].default!r}'
            )
