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

"""One update of critics, actor, temperature and targets, for every algorithm of the family."""

from collections.abc import Callable, Sequence
import math
from typing import Any

from rl_agent.array_types import Float32Array
from rl_agent.description.image import ImageDescription
from rl_agent.errors import TrainingError
from rl_agent.policy.parameters import PolicyParameters
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.gradients import ActorGradient
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.noise import draw_noise
from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.distributed.leader import Leader
from rl_learner.distributed.ranks import Ranks
from rl_learner.distributed.state import share_state
from rl_learner.fast_path.choose_gradients import choose_gradients
from rl_learner.normalisation.return_statistics import ReturnStatistics
from rl_learner.replay.layout import ReplayLayout
from rl_learner.system.glibc_malloc import keep_freed_memory
from rl_learner.training.cuda_graphs import capture_cuda_graph, CapturedSteps
from rl_learner.training.step_metrics import actor_metrics, critic_metrics, describe_nonfinite
from rl_learner.training.step_plan import MeanMetrics, StepMetrics, StepPlan
from rl_learner.vision.feature_batches import FeatureBatch, FeatureBatches
from rl_learner.vision.saliency import critic_saliency
import torch
from torch import Tensor

# recording costs a tenth of an update, and metrics are read about once a second
_UPDATES_PER_RECORD = 20
_IN_UNITS_OF_REWARD = frozenset(('q_mean', 'quantile_spread', 'target_mean'))
_GRADIENT_NORM_EPSILON = 1e-6  # as in torch.nn.utils.clip_grad_norm_


class Update:
    """Trains an actor and its critics.

    Attributes:
        algorithm: selects the member of the family.
        layout: of the training rows.
        actor: shape of the actor.
        critics: shape of the critics.
        device: of the updates.
        ranks: that share each batch; None: this process does all of it.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        observation_size: int,
        action_size: int,
        images: Sequence[ImageDescription] = (),
        *,
        stack: int = 1,
        seed: int,
        device: torch.device | str = 'cpu',
        reference: bool = False,
        cuda_graphs: bool = True,
        ranks: Ranks | None = None,
    ) -> None:
        """Initialise the networks.

        Args:
            algorithm: selects the member of the family.
            observation_size: length of an observation as robots send it.
            action_size: length of an action.
            images: at the end of an observation, as robots send them.
            stack: frames of each image that the policy sees.
            seed: of networks and noise.
            device: torch device to train on.
            reference: use the reference path: float32, all gradients from autograd; for tests.
            cuda_graphs: on a CUDA device, replay each update as one graph; not with ranks.
            ranks: see there.
        """
        self.algorithm = algorithm
        self.layout = layout = ReplayLayout(observation_size, action_size, images, stack=stack)
        self._features = FeatureBatches(algorithm, layout) if images else None
        seen = layout if self._features is None else self._features.layout
        self.actor = Actor(algorithm, seen.observation_size, action_size)
        self.critics = Critics(algorithm, seen.observation_size, action_size)
        self.device = torch.device(device)
        generator = torch.Generator(self.device).manual_seed(seed)
        self._state = TrainingState(
            algorithm,
            self.actor,
            self.critics,
            generator,
            encoder=None if self._features is None else self._features.shape,
            fused=not reference,
        )
        # the fast path needs no autograd, and on a CPU each operation is cheaper without it
        self._is_inference = not reference and self.device.type == 'cpu'
        self.ranks = ranks
        self._gradients = choose_gradients(
            algorithm,
            seen,
            self.actor,
            self.critics,
            self._state,
            reference=reference,
            ranks=ranks,
        )
        self._target_entropy = -algorithm.target_entropy_scale * action_size
        self._metrics = MeanMetrics()
        self._run_step: Callable[[Tensor, StepPlan], StepMetrics] = self._step
        can_capture = cuda_graphs and not reference and ranks is None
        if self.device.type == 'cuda' and can_capture:
            capture = capture_cuda_graph(generator)
            self._run_step = CapturedSteps(self._step, self._state, capture)
        keep_freed_memory()

    @property
    def updates(self) -> int:
        """Critic updates since training began."""
        return self._state.updates

    @property
    def actor_updates(self) -> int:
        """Actor updates since training began."""
        return self._state.actor_updates

    @property
    def temperature(self) -> Tensor:
        """Weight of the entropy, in units of (normalised) reward, scalar."""
        return self._state.temperature

    @property
    def returns(self) -> ReturnStatistics:
        """Statistics of the rewards, to be given all transitions in order if they are used."""
        return self._state.returns

    @property
    def demonstrated_returns(self) -> ReturnStatistics:
        """The same of the demonstrations, in their order."""
        return self._state.demonstrated_returns

    def run(self, rows: Tensor) -> None:
        """Do one block of updates; with ranks, rank 0 does, and the others follow.

        Args:
            rows: one batch for each update, (update, batch, width), see `layout`.

        Raises:
            RankError: a rank is gone.
            TrainingError: a value is not finite; nothing is changed.
            ValueError: the rows have the wrong shape.
        """
        block = self._prepare(rows)
        if self.ranks is None:
            self.run_prepared(block)
            return
        assert isinstance(self.ranks, Leader)  # the others have no rows to give out
        with self.ranks.handed_out(block, self.share_state) as shard:
            self.run_prepared(shard)

    def share_state(self, ranks: Ranks) -> None:
        """Take over the state of rank 0; there, send it."""
        share_state(self._state, ranks)

    def run_prepared(self, block: Tensor) -> None:
        """Do the updates of a normalised block on the device, (update, batch or shard, width)."""
        with torch.inference_mode(self._is_inference):
            for index, batch in enumerate(block):
                plan = self._plan(last=index == len(block) - 1)
                self._state.decay_learning_rates()
                self._count(plan, self._run_step(batch, plan))

    def _prepare(self, rows: Tensor) -> Tensor:
        """Return a checked block on the device, with observations and rewards normalised."""
        if rows.ndim != 3 or rows.shape[2] != self.layout.width:
            raise ValueError(
                f'rows: given shape {tuple(rows.shape)};'
                f' accepted: (update, batch, {self.layout.width})'
            )
        # the sum is a cheap test of all values, but large finite values can overflow it
        for values in [rows] if self._features is None else self.layout.numbers(rows):
            if not math.isfinite(values.sum().item()) and not bool(torch.isfinite(values).all()):
                raise TrainingError(describe_nonfinite(self.layout.numbers(rows)))
        block = rows.to(self.device, torch.float32, non_blocking=True)
        algorithm = self.algorithm
        if not (algorithm.normalise_observations or algorithm.normalise_rewards):
            return block
        block = block.clone() if block is rows else block  # do not change the caller's rows
        fields = self.layout.unpack(block)
        if algorithm.normalise_rewards:
            fields.reward.div_(self._state.return_denominator)
        if algorithm.normalise_observations:
            statistics, clip = self._state.statistics, algorithm.observation_clip
            statistics.update(fields.observation)
            for observation in (fields.observation, fields.next_observation):
                observation.copy_(statistics.normalise(observation, clip))
        return block

    def _plan(self, *, last: bool) -> StepPlan:
        """Return what the next update does; `last`: it is the last of its block."""
        algorithm, number = self.algorithm, self.updates + 1
        per_block = algorithm.actor_update_per_block
        update_actor = last if per_block else number % algorithm.policy_delay == 0
        return StepPlan(
            update_actor=update_actor,
            update_targets=number % algorithm.target_delay == 0,
            record_critics=self.updates % _UPDATES_PER_RECORD == 0,
            record_actor=update_actor and self.actor_updates % _UPDATES_PER_RECORD == 0,
        )

    def _count(self, plan: StepPlan, step_metrics: StepMetrics) -> None:
        """Count an update and add its metrics."""
        self._state.updates += 1
        self._state.actor_updates += plan.update_actor
        for metrics in step_metrics:
            if metrics:
                self._metrics.add(**metrics)

    def _step(self, rows: Tensor, plan: StepPlan) -> StepMetrics:
        """Do one update with a batch or shard, (row, width), without waiting for the device."""
        batch_size = len(rows) * (self.ranks.size if self.ranks else 1)
        shape = (batch_size, self.layout.action_size)
        generator, with_actor = self._state.generator, plan.update_actor
        noise = draw_noise(self.algorithm, self.critics, shape, generator, with_actor=with_actor)
        step_metrics = StepMetrics({}, {})
        encoded = self._encode(rows)
        rows = rows if encoded is None else encoded.rows
        critic_gradient = self._gradients.critics(rows, noise)
        if plan.record_critics:
            step_metrics.critics.update(critic_metrics(self.algorithm, critic_gradient))
        self._update_network('critics', critic_gradient.gradient)
        if encoded is not None and critic_gradient.encoded is not None:
            gradient = encoded.gradient(critic_gradient.encoded)
            if self.ranks is not None:
                self.ranks.average(gradient)
            self._update_network('encoder', gradient)
        self.critics.constrain(self._state.critics)
        if plan.update_actor:
            actor_gradient = self._gradients.actor(rows, noise)
            if plan.record_actor:
                step_metrics.actor.update(self._actor_metrics(actor_gradient))
            self._update_network('actor', actor_gradient.gradient)
            self.actor.constrain(self._state.actor)
            self._state.fold_actor()
            self._update_temperature(actor_gradient.log_prob)
        if plan.update_targets:
            self._update_targets()
        return step_metrics

    def _encode(self, rows: Tensor) -> FeatureBatch | None:
        """Return a batch with features in place of its images; None without images."""
        if self._features is None:
            return None
        state = self._state
        return self._features.encode(state.encoder, rows, state.generator, self.ranks)

    def _update_network(self, name: str, gradient: Tensor) -> None:
        """Step the optimizer of a network, by name, after clipping the gradient's norm."""
        max_norm = self.algorithm.max_gradient_norm
        if max_norm:
            norm = torch.linalg.vector_norm(gradient)
            gradient.mul_((max_norm / (norm + _GRADIENT_NORM_EPSILON)).clamp_(max=1.0))
        self._state.optimizers[name].step(gradient)

    def _update_temperature(self, log_prob: Tensor | None) -> None:
        """Step the temperature's optimizer if the temperature is learned."""
        if log_prob is not None and self.algorithm.temperature == 'auto':
            self._state.optimizers['temperature'].step(self._temperature_gradient(log_prob))

    def _temperature_gradient(self, log_prob: Tensor) -> Tensor:
        """Return the gradient by the temperature's parameter p, scalar.

        The temperature loss is -p (mean log pi + target entropy), where p is log alpha for `exp`.
        The temperature rises while the entropy is below its target and falls while it is above.
        """
        return log_prob.mean().add_(self._target_entropy).neg_()

    def _update_targets(self) -> None:
        """Move the targets towards their networks by `tau_target` of the distance."""
        state, tau = self._state, self.algorithm.tau_target
        if self.algorithm.target_network:
            state.target_critics.flat.lerp_(state.critics.frozen.flat, tau)
        if self.algorithm.distribution == 'deterministic':
            state.target_actor.flat.lerp_(state.actor.frozen.flat, tau)

    def _actor_metrics(self, actor_gradient: ActorGradient) -> dict[str, Tensor]:
        """Return the actor's and the temperature's metrics, scalars."""
        metrics = actor_metrics(actor_gradient, self.temperature)
        log_prob = actor_gradient.log_prob
        if log_prob is not None:
            gradient = self._temperature_gradient(log_prob)
            metrics['temperature_loss'] = self._state.temperature_parameter * gradient
        return metrics

    def metrics(self) -> dict[str, float]:
        """Return the mean of each recorded metric since the last call; waits for the device.

        Q, targets and their spread are in units of reward, as returns are.

        Raises:
            TrainingError: a mean is not finite.
        """
        metrics = self._metrics.take()
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f'training diverged by update {self.updates}: {name} is {value};'
                    ' accepted: finite numbers'
                )
        if self.algorithm.normalise_rewards and metrics:
            metrics['return_deviation'] = denominator = self._state.return_denominator
            for name in _IN_UNITS_OF_REWARD & metrics.keys():
                metrics[name] *= denominator
        return metrics

    def policy(self, version: int = 0) -> PolicyParameters:
        """Return the actor as sent to robots; waits for the device."""
        mean = std = torch.zeros(0)
        if self.algorithm.normalise_observations:
            mean, std = self._state.statistics.mean, self._state.statistics.std
        policy = PolicyParameters(
            architecture=self.actor.architecture,
            parameters=self.actor.exported(self._state.acting_actor),
            observation_mean=mean.cpu().numpy().copy(),
            observation_std=std.cpu().numpy().copy(),
            version=version,
            updates=self.updates,
            uniform_exploration=self.algorithm.uniform_start and self.updates == 0,
        )
        if self._features is None:
            return policy
        return self._features.with_encoder(policy, self._state.encoder)

    def saliency(self, observations: Float32Array, actions: Float32Array) -> list[Float32Array]:
        """Return how much each pixel changes Q, (batch, height, width) for each image.

        Args:
            observations: as the policy sees them, (batch, observation).
            actions: in [-1, 1], (batch, action).
        """
        if self._features is None:
            return []
        encoder, state = self._features.shape, self._state
        networks = (self.algorithm, self.critics, state.critics.frozen, encoder, state.encoder)
        return critic_saliency(*networks, observations, actions)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of everything that training needs to continue bit for bit."""
        return self._state.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`.

        Raises:
            TrainingError: the state belongs to other networks; nothing is changed.
        """
        self._state.load_state_dict(state)
