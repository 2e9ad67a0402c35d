# Copyright 2026 The rl_learner authors
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

"""Everything that training changes, and how it is saved and restored."""

import logging
from typing import Any, get_args, Literal

from rl_agent.errors import TrainingError
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.state_checks import check_tensors, count, part
from rl_learner.actor_critic.weight_meaning import check_meaning, meaning_of
from rl_learner.layers.batch_norm import fold
from rl_learner.layers.image_encoder import EncoderShape
from rl_learner.normalisation.observation_statistics import ObservationStatistics
from rl_learner.normalisation.return_statistics import ReturnStatistics
from rl_learner.optimisation.adam import Adam
from rl_learner.optimisation.learning_rate import decayed
import torch
from torch import Tensor
import torch.nn.functional as functional

TemperatureForm = Literal['fixed', 'exp', 'softplus']
_TEMPERATURE_FORMS = get_args(TemperatureForm)


class TrainingState:
    """Networks, targets, optimizers, temperature, statistics, random state and counters.

    Attributes:
        actor: parameters of the actor, (1, parameter).
        critics: parameters of the critics, (critic, parameter).
        encoder: parameters of the image encoder, (1, parameter); of no parameters without images.
        acting_actor: the actor as sent to robots; with BatchNorm a plain network, else `actor`.
        target_actor: parameters of the target actor; only deterministic algorithms update it.
        target_critics: parameters of the target critics; without a target network, `critics`.
        optimizers: of `actor`, `critics`, `temperature` and, with images, `encoder`.
        statistics: of the observations.
        returns: of the rewards; only algorithms that normalise rewards use them.
        demonstrated_returns: the same of the demonstrations, which have a journal of their own.
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
        encoder: EncoderShape | None = None,
        fused: bool = True,
    ) -> None:
        """Initialise the networks.

        Args:
            algorithm: options of networks, optimizers and temperature.
            actor: shape of the actor.
            critics: shape of the critics.
            generator: random source of initial parameters and noise, on the training device.
            encoder: shape of the image encoder; None without images.
            fused: see `Adam`.
        """
        device = generator.device
        self._algorithm = algorithm
        self.generator = generator
        self.actor, self.critics = actor.initial(generator), critics.initial(generator)
        self.encoder = torch.empty(1, 0) if encoder is None else encoder.initial(generator)
        self.target_actor = self.actor.copy()
        self.target_critics = self.critics.copy() if algorithm.target_network else self.critics
        self.acting_actor = fold(self.actor) if algorithm.actor_batch_norm else self.actor
        fixed = algorithm.temperature == 'fixed'
        self._temperature_form: TemperatureForm = (
            'fixed' if fixed else algorithm.temperature_parameter
        )
        value = torch.tensor(algorithm.initial_temperature, dtype=torch.float64)
        parameter = parameter_from_temperature(value, self._temperature_form)
        self._temperature_parameter = parameter.to(device, torch.float32)
        self._learning_rates = {
            'actor': algorithm.actor_learning_rate,
            'critics': algorithm.critic_learning_rate,
            'temperature': algorithm.temperature_learning_rate,
        }
        parameters = [self.actor.flat, self.critics.flat, self._temperature_parameter]
        if self.encoder.numel():
            self._learning_rates['encoder'] = algorithm.critic_learning_rate
            parameters.append(self.encoder)
        varies = algorithm.learning_rate_decay_updates > 0
        self.optimizers = {
            name: Adam(parameter, rate, fused=fused, beta_1=algorithm.adam_beta_1, varies=varies)
            for parameter, (name, rate) in zip(
                parameters, self._learning_rates.items(), strict=True
            )
        }
        self.statistics = ObservationStatistics(actor.architecture.observation_size, device)
        self.returns = ReturnStatistics(algorithm.gamma, algorithm.return_bound)
        self.demonstrated_returns = ReturnStatistics(algorithm.gamma, algorithm.return_bound)
        self.updates = self.actor_updates = 0

    def decay_learning_rates(self) -> None:
        """Set the learning rates of the next update, if they change."""
        algorithm = self._algorithm
        decay_updates = algorithm.learning_rate_decay_updates
        if not decay_updates:
            return
        final_fraction = algorithm.final_learning_rate_fraction
        for name, rate in self._learning_rates.items():
            self.optimizers[name].set_learning_rate(
                decayed(rate, self.updates, decay_updates, final_fraction)
            )

    def fold_actor(self) -> None:
        """Bring `acting_actor` up to date, in place: captured CUDA graphs refer to it."""
        if self.acting_actor is not self.actor:
            self.acting_actor.flat.copy_(fold(self.actor).flat)

    @property
    def return_denominator(self) -> float:
        """What rewards are divided by, in units of reward: of experience and demonstrations."""
        return self.returns.joined(self.demonstrated_returns).denominator

    def _statistics_of_returns(self) -> dict[str, ReturnStatistics]:
        """Return what is known of the rewards, by name in a checkpoint; nothing if not used."""
        if not self._algorithm.normalise_rewards:
            return {}
        if not self._algorithm.demonstration_fraction:
            return {'returns': self.returns}
        return {'returns': self.returns, 'demonstrated_returns': self.demonstrated_returns}

    @property
    def temperature_parameter(self) -> Tensor:
        """The learned parameter from which the temperature is computed, scalar."""
        return self._temperature_parameter

    @property
    def temperature(self) -> Tensor:
        """Weight of the entropy, in units of reward, scalar."""
        return temperature_from_parameter(self._temperature_parameter, self._temperature_form)

    def _networks(self) -> dict[str, Tensor]:
        """Return all trained tensors by their names in a checkpoint."""
        has_target = self.target_critics is not self.critics
        return {
            'actor': self.actor.frozen.flat,
            'critics': self.critics.frozen.flat,
            'target_actor': self.target_actor.flat,
            **({'target_critics': self.target_critics.flat} if has_target else {}),
            'temperature': self._temperature_parameter,
            **({'encoder': self.encoder} if self.encoder.numel() else {}),
            **{
                f'{name}_moments': network.statistics
                for name, network in (('actor', self.actor), ('critics', self.critics))
                if network.shape.batch_norm
            },
        }

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the whole state as nested dictionaries."""
        returns = self._statistics_of_returns()
        return {
            'networks': {name: tensor.clone() for name, tensor in self._networks().items()},
            'optimizers': {name: item.state_dict() for name, item in self.optimizers.items()},
            'statistics': self.statistics.state_dict(),
            'random_state': self.generator.get_state(),
            'temperature_form': self._temperature_form,
            'updates': self.updates,
            'actor_updates': self.actor_updates,
            'meaning': meaning_of(self._algorithm),
            **{name: statistics.state_dict() for name, statistics in returns.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`.

        Settings come from the algorithm, not from the state: learning rates, and a fixed
        temperature. A temperature that was fixed or learned in another form is converted.

        The random state of another kind of device cannot be restored; training then continues
        with fresh random numbers, and a warning is logged.

        Raises:
            TrainingError: the state belongs to other networks, its weights have another meaning,
                or it is damaged; nothing is changed.
        """
        self._check(state)
        current = self._networks()
        saved = _saved_networks(state)
        temperature_parameter = self._temperature_parameter.clone()
        for name, tensor in current.items():
            tensor.copy_(saved[name])
        self.fold_actor()
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state['optimizers'][name])
        form = state.get('temperature_form', self._temperature_form)
        self._convert_temperature(form, temperature_parameter)
        self.statistics.load_state_dict(state['statistics'])
        for name, statistics in self._statistics_of_returns().items():
            if name in state:  # a run that had no demonstrations reads them from their start
                statistics.load_state_dict(state[name])
        self.updates, self.actor_updates = state['updates'], state['actor_updates']
        self._load_random_state(state['random_state'].cpu())

    def _check(self, state: Any) -> None:
        """Raise TrainingError unless everything that will be loaded fits."""
        networks = _saved_networks(state)
        check_meaning(self._algorithm, state.get('meaning', {}))
        check_tensors(networks, self._networks(), 'networks')
        optimizers = part(state, 'optimizers')
        for name, optimizer in self.optimizers.items():
            check_tensors(part(optimizers, name, 'optimizers'), optimizer.state_dict(), name)
        check_tensors(part(state, 'statistics'), self.statistics.state_dict(), 'statistics')
        for name in ('updates', 'actor_updates'):
            count(state, name)
        form = state.get('temperature_form', self._temperature_form)
        if form not in _TEMPERATURE_FORMS:
            accepted = ', '.join(_TEMPERATURE_FORMS)
            raise TrainingError(
                f'checkpoint: temperature_form: given {form!r}; accepted: {accepted}'
            )
        for name in self._statistics_of_returns():
            if name == 'returns' or name in state:
                self._check_returns(part(state, name))
        self._check_random_state(part(state, 'random_state'))

    def _check_returns(self, returns: Any) -> None:
        """Raise TrainingError unless the statistics of returns can be restored."""
        algorithm = self._algorithm
        try:
            ReturnStatistics(algorithm.gamma, algorithm.return_bound).load_state_dict(returns)
        except Exception as error:  # of several types, for other values
            raise TrainingError(
                f'checkpoint: returns: {type(error).__name__}: {error}; accepted: as the learner'
                ' wrote them'
            ) from error

    def _check_random_state(self, random_state: Any) -> None:
        """Raise TrainingError unless this or another kind of device takes a random state."""
        is_state = isinstance(random_state, Tensor) and random_state.dtype == torch.uint8
        if is_state and random_state.shape != self.generator.get_state().shape:
            return
        try:
            torch.Generator(self.generator.device).set_state(random_state.cpu())
        except Exception as error:  # of several types, for another kind of value
            raise TrainingError(
                f'checkpoint: random_state: given {type(random_state).__name__}; accepted: as the'
                ' learner wrote it'
            ) from error

    def _convert_temperature(self, form: TemperatureForm, previous: Tensor) -> None:
        """Convert the loaded temperature parameter to this algorithm's form.

        Args:
            form: of the loaded parameter.
            previous: this algorithm's parameter before loading, scalar.
        """
        if self._temperature_form == 'fixed':
            self._temperature_parameter.copy_(previous)
        elif form != self._temperature_form:
            temperature = temperature_from_parameter(self._temperature_parameter.double(), form)
            if bool(temperature > 0):  # a temperature fixed at 0 has no learned form
                previous = parameter_from_temperature(temperature, self._temperature_form)
            self._temperature_parameter.copy_(previous)
            self.optimizers['temperature'].reset()

    def _load_random_state(self, random_state: Tensor) -> None:
        """Restore a random state, (byte,) on the CPU, if it belongs to this kind of device."""
        if random_state.shape == self.generator.get_state().shape:
            self.generator.set_state(random_state)
            return
        logging.getLogger(__name__).warning(
            'checkpoint: made on another kind of device than %s: training continues with fresh'
            ' random numbers',
            self.generator.device.type,
        )
        # a seed that does not repeat the random numbers of the run's first updates
        self.generator.manual_seed(self.generator.initial_seed() + 1 + self.updates)


def _saved_networks(state: Any) -> dict[str, Any]:
    """Return the networks of a state; a run that had no target network gets its critics as one."""
    networks = part(state, 'networks')
    return {'target_critics': part(networks, 'critics', 'networks'), **networks}


def temperature_from_parameter(parameter: Tensor, form: TemperatureForm) -> Tensor:
    """Return the temperature that a learned parameter stands for, scalar."""
    if form == 'fixed':
        return parameter
    return functional.softplus(parameter) if form == 'softplus' else parameter.exp()


def parameter_from_temperature(temperature: Tensor, form: TemperatureForm) -> Tensor:
    """Return the inverse of `temperature_from_parameter`, scalar.

    Args:
        temperature: positive, unless the form is `fixed`.
        form: of the parameter.
    """
    if form == 'fixed':
        return temperature
    if form == 'exp':
        return temperature.log()
    return temperature + (-(-temperature).expm1()).log()
