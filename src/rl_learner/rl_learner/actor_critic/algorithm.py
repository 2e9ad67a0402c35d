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

"""Every option of the update rule, with its default and bounds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.configuration import build, find_file, read_yaml
from rl_learner.actor_critic.algorithm_checks import check_combinations

Activation = Literal['relu', 'elu', 'tanh']
_LAYERS = Field(min_length=1, max_length=16)
HiddenSizes = Annotated[tuple[Annotated[int, Field(ge=1, le=16384)], ...], _LAYERS]
Filters = Annotated[int, Field(ge=1, le=1024)]
Stride = Annotated[int, Field(ge=1, le=8)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]

_HORIZONS_PER_EPISODE = 5.0
_LOWEST_DISCOUNT, _HIGHEST_DISCOUNT = 0.95, 0.995


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class Algorithm:
    """One member of the family of off-policy actor-critics with (quantile) critics.

    The maths is in docs/algorithms.md. Names follow TQC (arXiv:2005.04269), SAC
    (arXiv:1812.05905), TD3 (arXiv:1802.09477), REDQ (arXiv:2101.05982) and DroQ
    (arXiv:2110.02034).

    Attributes:
        gamma: discount of one control step.
        gamma_from_episode: take gamma from the number T of steps of an episode instead, as XQC:
            (T/5 - 1) / (T/5), at least 0.95 and at most 0.995.
        n_step: number of rewards summed before a target bootstraps.
        batch_size: transitions per critic update.
        updates_to_data: critic updates per transition (UTD).
        warmup: transitions in replay before the first update.
        uniform_start: draw exploring actions uniformly from the whole box until the first update.
        replay_capacity: transitions kept in replay; the oldest are removed first.
        demonstration_fraction: share of each batch that is drawn from the demonstrations of the
            run, which are a table of their own; until there are any, batches are from replay
            alone. RLPD (arXiv:2302.02948): 0.5.
        pretraining_updates: critic updates from demonstrations alone, in a run that has some when
            it starts, before its first policy is published; `warmup` and `updates_to_data` do not
            count them.
        num_critics: critics in the ensemble, M.
        num_quantiles: atoms of each critic, N; 1 gives an ordinary critic.
        critic_loss: rho of the quantile regression; categorical: the outputs are logits of
            `num_quantiles` returns instead (C51), and the target is that of the critic with the
            lowest mean, so no atoms are dropped.
        critic_loss_scale: kappa in kappa rho(delta / kappa); logcosh and huber are linear instead
            of squared from errors of this size on.
        value_bound: categorical: the returns are spread evenly from minus to plus this bound.
        dropped_atoms: number of highest target atoms dropped, see `dropped_from`.
        dropped_from: whether `dropped_atoms` counts per critic or for the whole pool.
        target_subset: number of target critics drawn at random for each update (REDQ); 0: all.
        critic_hidden_sizes: neurons of each hidden layer.
        critic_activation: after each hidden layer.
        critic_layer_norm: LayerNorm before each activation.
        critic_batch_norm: BatchNorm of the inputs and before each activation; (s, a) and (s', a')
            pass online and target critics as one batch (CrossQ, XQC).
        critic_unit_weights: after each step, scale each neuron's weights to length 1 (XQC).
        critic_dropout: probability that a neuron is dropped, before LayerNorm; applies in the
            targets, too (DroQ).
        critic_learning_rate: of Adam.
        target_network: targets come from critics of their own, which follow the critics slowly;
            false: from the critics themselves (CrossQ).
        tau_target: fraction by which a target update moves the targets towards their networks.
        target_delay: critic updates per target update.
        actor_hidden_sizes: neurons of each hidden layer.
        actor_activation: after each hidden layer.
        actor_layer_norm: LayerNorm before each activation.
        actor_batch_norm: as for the critics; robots get the plain network that acts like it.
        actor_unit_weights: as for the critics.
        actor_learning_rate: of Adam.
        actor_q: Q that the actor maximises: mean or minimum of the critics, or the first critic.
        policy_delay: critic updates per actor update.
        actor_update_per_block: one actor update per block of `updates_to_data` critic updates,
            with the block's last batch (REDQ, DroQ).
        distribution: gaussian and gsde (arXiv:2005.05719) are squashed by tanh.
        log_std_min: lower bound of the log standard deviation.
        log_std_max: upper bound of the log standard deviation.
        initial_log_std: gsde: initial log standard deviation of each feature.
        sde_sample_freq: gsde: control steps between two draws of the exploration matrix; 0: one
            draw per episode.
        mean_clip: bound of the mean before tanh; 0: none.
        exploration_noise: deterministic: standard deviation of the robot's action noise.
        target_noise: deterministic: standard deviation of the target action noise.
        target_noise_clip: deterministic: bound of the target action noise.
        temperature: auto: learned so that the entropy approaches its target; fixed: constant.
        initial_temperature: temperature at the start, in units of reward.
        temperature_parameter: function from the learned parameter to the positive temperature.
        temperature_learning_rate: of Adam.
        target_entropy_scale: the target entropy is -scale times the number of actions, in nats.
        backup_entropy: whether the targets have the entropy bonus that the actor maximises; false:
            critics tell the return alone, as for sparse rewards (RLPD, HIL-SERL).
        encoder_channels: images: filters of each 3 x 3 convolution; the critics share the encoder,
            and it learns from their loss at their learning rate.
        encoder_strides: images: stride of each convolution; 2, 1, 1, 1 is DrQ's
            (arXiv:2004.13649), which takes six times as long.
        encoder_features: images: features of each image, after LayerNorm and tanh.
        random_shift: images: pixels by which each image in a batch is shifted at most (DrQ); 0:
            images are not shifted.
        adam_beta_1: decay of Adam's first moment.
        learning_rate_decay_updates: critic updates during which all learning rates fall linearly;
            0: they are constant.
        final_learning_rate_fraction: of each learning rate, after these updates.
        max_gradient_norm: bound of each network's global gradient norm; 0: none.
        normalise_observations: by running mean and deviation, which are sent with the policy.
        observation_clip: bound of a normalised observation.
        normalise_rewards: divide sampled rewards by the running deviation of the discounted
            rewards, so that returns have the same size whatever the task; temperature and losses
            are then in units of that deviation.
        return_bound: with normalise_rewards: no normalised return exceeds it, because rewards are
            divided by at least max|G| / return_bound; 0: none.
        matmul_precision: bf16: networks compute in bfloat16, which is faster where the processor
            supports it; parameters, losses and optimizers stay float32.
    """

    gamma: Annotated[float, Field(ge=0, lt=1)] = 0.99
    gamma_from_episode: bool = False
    n_step: Annotated[int, Field(ge=1, le=100)] = 1
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    updates_to_data: Annotated[float, Field(gt=0, le=1000)] = 1.0
    warmup: Count = 1000
    uniform_start: bool = True
    replay_capacity: Annotated[int, Field(ge=1, le=10_000_000_000)] = 1_000_000
    demonstration_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    pretraining_updates: Annotated[int, Field(ge=0)] = 0

    num_critics: Annotated[int, Field(ge=1, le=100)] = 2
    num_quantiles: Annotated[int, Field(ge=1, le=1000)] = 25
    critic_loss: Literal['logcosh', 'huber', 'squared', 'categorical'] = 'logcosh'
    value_bound: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5.0
    critic_loss_scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    dropped_atoms: Annotated[int, Field(ge=0)] = 4
    dropped_from: Literal['critic', 'pool'] = 'pool'
    target_subset: Annotated[int, Field(ge=0)] = 0
    critic_hidden_sizes: HiddenSizes = (256, 256)
    critic_activation: Activation = 'relu'
    critic_layer_norm: bool = True
    critic_batch_norm: bool = False
    critic_unit_weights: bool = False
    critic_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    critic_learning_rate: Rate = 1e-3
    target_network: bool = True
    tau_target: Rate = 0.01
    target_delay: Count = 1

    actor_hidden_sizes: HiddenSizes = (256, 256)
    actor_activation: Activation = 'relu'
    actor_layer_norm: bool = False
    actor_batch_norm: bool = False
    actor_unit_weights: bool = False
    actor_learning_rate: Rate = 1e-3
    actor_q: Literal['mean', 'min', 'first'] = 'mean'
    policy_delay: Count = 1
    actor_update_per_block: bool = False

    distribution: Literal['gaussian', 'gsde', 'deterministic'] = 'gaussian'
    log_std_min: Annotated[float, Field(ge=-50, le=10)] = -20.0
    log_std_max: Annotated[float, Field(ge=-50, le=10)] = 2.0
    initial_log_std: Annotated[float, Field(ge=-50, le=10)] = -3.0
    sde_sample_freq: Annotated[int, Field(ge=0)] = 8
    mean_clip: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    exploration_noise: Annotated[float, Field(ge=0, le=10)] = 0.1
    target_noise: Annotated[float, Field(ge=0, le=10)] = 0.2
    target_noise_clip: Annotated[float, Field(ge=0, le=10)] = 0.5

    temperature: Literal['auto', 'fixed'] = 'auto'
    initial_temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    temperature_parameter: Literal['exp', 'softplus'] = 'exp'
    temperature_learning_rate: Rate = 1e-3
    target_entropy_scale: Annotated[float, Field(gt=0, le=100)] = 1.0
    backup_entropy: bool = True

    encoder_channels: Annotated[tuple[Filters, ...], _LAYERS] = (32, 32, 32, 32)
    encoder_strides: Annotated[tuple[Stride, ...], _LAYERS] = (2, 2, 2, 1)
    encoder_features: Annotated[int, Field(ge=1, le=16384)] = 50
    random_shift: Annotated[int, Field(ge=0, le=64)] = 4

    adam_beta_1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    learning_rate_decay_updates: Annotated[int, Field(ge=0)] = 0
    final_learning_rate_fraction: Annotated[float, Field(ge=0, le=1)] = 0.1
    max_gradient_norm: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    normalise_observations: bool = False
    observation_clip: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0
    normalise_rewards: bool = False
    return_bound: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    matmul_precision: Literal['float32', 'bf16'] = 'float32'

    @property
    def num_target_critics(self) -> int:
        """Target critics used in one update, K."""
        return self.target_subset or self.num_critics

    @property
    def num_dropped_atoms(self) -> int:
        """Target atoms dropped from the whole pool."""
        per_critic = self.dropped_from == 'critic'
        return self.dropped_atoms * (self.num_target_critics if per_critic else 1)

    @property
    def num_kept_atoms(self) -> int:
        """Target atoms kept for one transition."""
        return self.num_target_critics * self.num_quantiles - self.num_dropped_atoms

    @property
    def updates_per_block(self) -> int:
        """Critic updates per block of rows from replay."""
        return max(1, int(self.updates_to_data))

    @property
    def updates_per_actor_update(self) -> int:
        """Critic updates per actor update."""
        return self.updates_per_block if self.actor_update_per_block else self.policy_delay

    @property
    def is_categorical(self) -> bool:
        """Whether the critics' outputs are logits, not quantiles."""
        return self.critic_loss == 'categorical'

    @property
    def has_batch_norm(self) -> bool:
        """Whether critics or actor have BatchNorm."""
        return self.critic_batch_norm or self.actor_batch_norm

    @property
    def demonstrations_per_batch(self) -> int:
        """Rows of each batch that are demonstrations, once there are any."""
        return round(self.demonstration_fraction * self.batch_size)

    @property
    def samples_per_insert(self) -> float:
        """Rows trained on per transition inserted, those of demonstrations included."""
        return self.updates_to_data * self.batch_size

    @model_validator(mode='after')
    def _check(self) -> 'Algorithm':
        """Reject combinations that cannot work, with the reason."""
        check_combinations(self)
        return self


def load_algorithm(
    name_or_path: str, overrides: Mapping[str, Any] | None = None, episode_steps: int = 0
) -> Algorithm:
    """Return a preset, or the algorithm that a YAML file describes.

    Args:
        name_or_path: `default`, `sac`, ..., or a path that ends in .yaml or .yml.
        overrides: values that replace keys of the file.
        episode_steps: of the task, for `gamma_from_episode`; 0: unknown, gamma stays.

    Raises:
        ConfigurationError: the file does not exist or has errors, one line for each.
    """
    path = find_file('algorithms', name_or_path)
    content = {**read_yaml(path), **(overrides or {})}
    algorithm = build(Algorithm, content, str(path))
    if algorithm.gamma_from_episode and episode_steps:
        return replace(algorithm, gamma=episode_discount(episode_steps))
    return algorithm


def episode_discount(steps: int) -> float:
    """Return the discount whose horizon is a fifth of an episode, within 0.95 and 0.995 (XQC)."""
    horizon = steps / _HORIZONS_PER_EPISODE
    return min(max((horizon - 1.0) / horizon, _LOWEST_DISCOUNT), _HIGHEST_DISCOUNT)
