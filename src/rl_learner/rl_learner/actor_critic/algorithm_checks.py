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

"""Combinations of options that cannot work. Each is refused by name, with the reason."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rl_learner.actor_critic.algorithm import Algorithm


def check_combinations(algorithm: 'Algorithm') -> None:
    """Raise ValueError for the first combination that cannot work."""
    _check_critics(algorithm)
    _check_actor(algorithm)
    _check_batch_norm(algorithm)
    _check_unit_weights(algorithm)
    _check_temperature(algorithm)
    _check_replay(algorithm)
    _check_demonstrations(algorithm)
    _check_encoder(algorithm)


def _check_critics(algorithm: 'Algorithm') -> None:
    """Reject ensembles that leave no target."""
    if algorithm.target_subset > algorithm.num_critics:
        raise ValueError(
            f'target_subset: given {algorithm.target_subset}; accepted: at most num_critics'
            f' ({algorithm.num_critics}) because the subset is drawn from them'
        )
    if algorithm.is_categorical:
        _check_categorical(algorithm)
    elif algorithm.num_kept_atoms < 1:
        raise ValueError(
            f'dropped_atoms: given {algorithm.dropped_atoms} per {algorithm.dropped_from}, which'
            f' leaves no target; accepted: fewer than the'
            f' {algorithm.num_target_critics * algorithm.num_quantiles} atoms of'
            f' {algorithm.num_target_critics} target critics x {algorithm.num_quantiles} quantiles'
        )


def _check_categorical(algorithm: 'Algorithm') -> None:
    """Reject categorical critics whose returns have no known size."""
    if algorithm.num_quantiles < 2:
        raise ValueError(
            f'num_quantiles: given {algorithm.num_quantiles} with critic_loss: categorical;'
            ' accepted: 2 or more because they are the returns between which it interpolates'
        )
    if not algorithm.normalise_rewards:
        raise ValueError(
            'critic_loss: given categorical without normalise_rewards; accepted: with'
            f' normalise_rewards: true because returns beyond {algorithm.value_bound} in size are'
            ' cut off'
        )


def _check_actor(algorithm: 'Algorithm') -> None:
    """Reject actors that cannot be trained."""
    if algorithm.log_std_min >= algorithm.log_std_max:
        raise ValueError(
            f'log_std_min: given {algorithm.log_std_min}; accepted: below log_std_max'
            f' ({algorithm.log_std_max})'
        )
    whole_blocks = algorithm.updates_to_data >= 1 and algorithm.updates_to_data.is_integer()
    if algorithm.actor_update_per_block and not whole_blocks:
        raise ValueError(
            f'actor_update_per_block: needs updates_to_data of 1, 2, 3, ...;'
            f' given {algorithm.updates_to_data}, which does not give whole blocks'
        )
    if algorithm.actor_update_per_block and algorithm.policy_delay > 1:
        raise ValueError(
            f'policy_delay: given {algorithm.policy_delay} with actor_update_per_block;'
            ' accepted: one of the two because both set the rate of actor updates'
        )


def _check_batch_norm(algorithm: 'Algorithm') -> None:
    """Reject what BatchNorm cannot be combined with."""
    for network in ('critic', 'actor'):
        if not getattr(algorithm, f'{network}_batch_norm'):
            continue
        conflicts = {f'{network}_layer_norm': 'a layer has one kind of normalisation'}
        if network == 'critic':
            conflicts['critic_dropout'] = 'dropped neurons change the variance'
        for name, reason in conflicts.items():
            if getattr(algorithm, name):
                raise ValueError(
                    f'{name}: given {getattr(algorithm, name)} with {network}_batch_norm;'
                    f' accepted: one of the two because {reason}'
                )
        if algorithm.batch_size < 2:
            raise ValueError(
                f'batch_size: given {algorithm.batch_size} with {network}_batch_norm; accepted: 2'
                ' or more because one row has no variance'
            )
        if algorithm.matmul_precision != 'float32':
            raise ValueError(
                f'matmul_precision: given {algorithm.matmul_precision} with {network}_batch_norm;'
                ' accepted: float32 because rounded moments would not match the products'
            )
    if algorithm.actor_batch_norm and algorithm.distribution == 'deterministic':
        raise ValueError(
            'actor_batch_norm: given true with distribution: deterministic; accepted: false'
            ' because a target actor has no moments of its own'
        )


def _check_unit_weights(algorithm: 'Algorithm') -> None:
    """Reject unit weights in layers whose outputs would then have a fixed size."""
    for network in ('critic', 'actor'):
        norms = f'{network}_batch_norm', f'{network}_layer_norm'
        has_norm = any(getattr(algorithm, name) for name in norms)
        if getattr(algorithm, f'{network}_unit_weights') and not has_norm:
            raise ValueError(
                f'{network}_unit_weights: given true without {" or ".join(norms)}; accepted: with'
                ' one of them because layers without one could not learn the size of their outputs'
            )


def _check_temperature(algorithm: 'Algorithm') -> None:
    """Reject temperatures that contradict the distribution or the parameter's form."""
    if algorithm.distribution == 'deterministic' and (
        algorithm.temperature == 'auto' or algorithm.initial_temperature > 0
    ):
        raise ValueError(
            'temperature: a deterministic actor has no entropy;'
            ' accepted: temperature: fixed and initial_temperature: 0'
        )
    if algorithm.temperature == 'auto' and algorithm.initial_temperature == 0:
        raise ValueError(
            'initial_temperature: given 0 with temperature: auto; accepted: above 0 because'
            ' exp and softplus never reach 0'
        )


def _check_replay(algorithm: 'Algorithm') -> None:
    """Reject a warmup that is never reached, and a bound of nothing."""
    if algorithm.warmup > algorithm.replay_capacity:
        raise ValueError(
            f'warmup: given {algorithm.warmup}; accepted: at most replay_capacity'
            f' ({algorithm.replay_capacity}), or training never starts'
        )
    if algorithm.return_bound and not algorithm.normalise_rewards:
        raise ValueError(
            f'return_bound: given {algorithm.return_bound} without normalise_rewards; accepted: 0,'
            ' or normalise_rewards: true, because raw rewards are not bounded'
        )


def _check_demonstrations(algorithm: 'Algorithm') -> None:
    """Reject a share of a batch that is no row or all rows, and pretraining without any."""
    fraction, batch_size = algorithm.demonstration_fraction, algorithm.batch_size
    if fraction and not 1 <= algorithm.demonstrations_per_batch < batch_size:
        raise ValueError(
            f'demonstration_fraction: given {fraction}, which is'
            f' {algorithm.demonstrations_per_batch} of {batch_size} rows of a batch; accepted: 0,'
            ' or a share of at least one row that leaves one for replay'
        )
    if algorithm.pretraining_updates and not fraction:
        raise ValueError(
            f'pretraining_updates: given {algorithm.pretraining_updates} without'
            ' demonstration_fraction; accepted: 0, or with demonstration_fraction above 0 because'
            ' pretraining uses the table of demonstrations'
        )


def _check_encoder(algorithm: 'Algorithm') -> None:
    """Reject convolutions without a stride, and strides without a convolution."""
    channels, strides = len(algorithm.encoder_channels), len(algorithm.encoder_strides)
    if channels != strides:
        raise ValueError(
            f'encoder_strides: given {strides} with {channels} encoder_channels; accepted: one for'
            ' each convolution'
        )
