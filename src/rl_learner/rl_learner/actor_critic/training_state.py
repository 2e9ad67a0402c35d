# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""All that training changes, and its way into and out of a checkpoint."""

import logging
from typing import Any, Literal

from rl_agent.errors import TrainingError
from rl_learner.actor_critic.adam import Adam
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.observation_statistics import ObservationStatistics
import torch
from torch import Tensor
import torch.nn.functional as functional

TemperatureForm = Literal['fixed', 'exp', 'softplus']


class TrainingState:
    """Networks, targets, optimizers, temperature, statistics, random state and counters.

    Attributes:
        actor: parameters of the actor, (1, parameter).
        critics: of the critics, (critic, parameter).
        target_actor: of the actor's slow follower; only the deterministic family moves it.
        target_critics: of the critics' slow followers.
        optimizers: for `actor`, `critics` and `temperature`.
        statistics: of observations.
        generator: of all noise.
        updates: critic updates since training began.
        actor_updates: actor updates since training began.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        actor: Actor,
        critics: Critics,
        generator: torch.Generator,
        *,
        fused: bool = True,
    ) -> None:
        """Begin with fresh networks.

        Args:
            algorithm: its options.
            actor: shape of the actor.
            critics: shape of the critics.
            generator: of networks and noise, on the device.
            fused: the optimizers' steps in one pass over memory; False: torch's plain loop.
        """
        device = generator.device
        self._algorithm = algorithm
        self.generator = generator
        self.actor, self.critics = actor.initial(generator), critics.initial(generator)
        self.target_actor, self.target_critics = self.actor.copy(), self.critics.copy()
        fixed = algorithm.temperature == 'fixed'
        self._form: TemperatureForm = 'fixed' if fixed else algorithm.temperature_parameter
        value = torch.tensor(algorithm.initial_temperature, dtype=torch.float64)
        self._temperature = parameter_of(value, self._form).to(device, torch.float32)
        self.optimizers = {
            'actor': Adam(self.actor.flat, algorithm.actor_learning_rate, fused=fused),
            'critics': Adam(self.critics.flat, algorithm.critic_learning_rate, fused=fused),
            'temperature': Adam(
                self._temperature, algorithm.temperature_learning_rate, fused=fused
            ),
        }
        self.statistics = ObservationStatistics(actor.architecture.observation_size, device)
        self.updates = self.actor_updates = 0

    @property
    def temperature_parameter(self) -> Tensor:
        """The number that is learned in place of the temperature, scalar."""
        return self._temperature

    @property
    def temperature(self) -> Tensor:
        """The weight of the entropy, in units of reward, scalar."""
        return temperature_of(self._temperature, self._form)

    def _networks(self) -> dict[str, Tensor]:
        """Return all trained tensors by name."""
        return {
            'actor': self.actor.frozen.flat,
            'critics': self.critics.frozen.flat,
            'target_actor': self.target_actor.flat,
            'target_critics': self.target_critics.flat,
            'temperature': self._temperature,
        }

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all of it: tensors and numbers in dictionaries."""
        return {
            'networks': {name: tensor.clone() for name, tensor in self._networks().items()},
            'optimizers': {name: item.state_dict() for name, item in self.optimizers.items()},
            'statistics': self.statistics.state_dict(),
            'random_state': self.generator.get_state(),
            'temperature_form': self._form,
            'updates': self.updates,
            'actor_updates': self.actor_updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`.

        Settings are the algorithm's, not those of the state: learning rates, and a temperature
        that is fixed; one that was fixed, or learned in another form, is learned on from there.

        One of another kind of device has a random state of another kind. Training goes on with
        fresh random numbers then, and a warning says so.

        Raises:
            TrainingError: it is of other networks; nothing was changed.
        """
        own = self._networks()
        for name, tensor in own.items():
            given = tuple(state['networks'][name].shape)
            if given != tuple(tensor.shape):
                raise TrainingError(
                    f'checkpoint: {name}: given {given} parameters;'
                    f' accepted: {tuple(tensor.shape)}, those of this algorithm and robot'
                )
        temperature = self._temperature.clone()
        for name, tensor in own.items():
            tensor.copy_(state['networks'][name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state['optimizers'][name])
        self._change_form(state.get('temperature_form', self._form), temperature)
        self.statistics.load_state_dict(state['statistics'])
        self.updates, self.actor_updates = state['updates'], state['actor_updates']
        self._load_random_state(state['random_state'].cpu())

    def _change_form(self, form: TemperatureForm, own: Tensor) -> None:
        """Turn a temperature's parameter that was loaded in a form into this algorithm's.

        Args:
            form: of what was loaded.
            own: the parameter before, scalar.
        """
        if self._form == 'fixed':
            self._temperature.copy_(own)
        elif form != self._form:
            value = temperature_of(self._temperature.double(), form)
            positive = bool(value > 0)  # one fixed at 0 says nothing about a learned one
            self._temperature.copy_(parameter_of(value, self._form) if positive else own)
            self.optimizers['temperature'].forget()

    def _load_random_state(self, random_state: Tensor) -> None:
        """Go on from a random state, (byte,) on the CPU, if it is of this kind of device."""
        if random_state.shape == self.generator.get_state().shape:
            self.generator.set_state(random_state)
            return
        logging.getLogger(__name__).warning(
            'checkpoint: made on another kind of device than %s: training goes on with fresh'
            ' random numbers',
            self.generator.device.type,
        )
        # not those of the run's first updates
        self.generator.manual_seed(self.generator.initial_seed() + 1 + self.updates)


def temperature_of(parameter: Tensor, form: TemperatureForm) -> Tensor:
    """Return the temperature by the number that is learned in its place, scalar."""
    if form == 'fixed':
        return parameter
    return functional.softplus(parameter) if form == 'softplus' else parameter.exp()


def parameter_of(temperature: Tensor, form: TemperatureForm) -> Tensor:
    """Return the inverse of `temperature_of`, scalar; positive, unless it is fixed."""
    if form == 'fixed':
        return temperature
    if form == 'exp':
        return temperature.log()
    return temperature + (-(-temperature).expm1()).log()
