# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One update of critics, actor, temperature and targets, for every member of the family."""

from collections.abc import Callable
import math
from typing import Any

from rl_agent.errors import TrainingError
from rl_agent.policy.parameters import PolicyParameters
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.autograd_gradients import AutogradGradients
from rl_learner.actor_critic.gradients import ActorGradient, CriticGradient, Gradients
from rl_learner.actor_critic.losses import quantile_loss
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.noise import draw_noise
from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.fast_path.fast_gradients import FastGradients
from rl_learner.replay.layout import Batch, ReplayLayout
from rl_learner.training.cuda_graphs import capture_cuda_graph, CapturedSteps
from rl_learner.training.glibc_malloc import keep_freed_memory
from rl_learner.training.step_plan import StepMetrics, StepPlan
import torch
from torch import Tensor

# a record costs as much as a tenth of an update, and people look once a second
_UPDATES_PER_RECORD = 20
# pairs of quantile and target whose mean loss is shown; all of TQC's would cost a whole update
_PAIRS_PER_RECORD = 100_000


class Update:
    """Trains an actor and its critics.

    Attributes:
        algorithm: which member of the family.
        layout: of the rows it learns from.
        actor: shape of the actor.
        critics: shape of the critics.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        observation_size: int,
        action_size: int,
        *,
        seed: int,
        device: torch.device | str = 'cpu',
        reference: bool = False,
        cuda_graphs: bool = True,
    ) -> None:
        """Begin with fresh networks.

        Args:
            algorithm: which member of the family.
            observation_size: length of an observation.
            action_size: length of an action.
            seed: of networks and noise.
            device: where to train.
            reference: take the plain path, float32 with every gradient from autograd; for tests.
            cuda_graphs: on a CUDA device, replay each update as one graph.
        """
        self.algorithm = algorithm
        self.layout = ReplayLayout(observation_size, action_size)
        self.actor = Actor(algorithm, observation_size, action_size)
        self.critics = Critics(algorithm, observation_size, action_size)
        self._device = torch.device(device)
        generator = torch.Generator(self._device).manual_seed(seed)
        self._state = TrainingState(
            algorithm, self.actor, self.critics, generator, fused=not reference
        )
        # no graph is wanted, and on a CPU each operation costs less without the care for one
        self._is_inference = not reference and self._device.type == 'cpu'
        kind = AutogradGradients if reference else FastGradients
        self._gradients: Gradients = kind(
            algorithm, self.layout, self.actor, self.critics, self._state
        )
        self._target_entropy = -algorithm.target_entropy_scale * action_size
        self._metrics = MeanMetrics()
        self._take_step: Callable[[Tensor, StepPlan], StepMetrics] = self._step
        if self._device.type == 'cuda' and cuda_graphs and not reference:
            capture = capture_cuda_graph(generator)
            self._take_step = CapturedSteps(self._step, self._state, capture)
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
        """The weight of the entropy, in units of reward, scalar."""
        return self._state.temperature

    def run(self, rows: Tensor) -> None:
        """Do one block of updates.

        Args:
            rows: one batch for each update, (update, batch, width), laid out as `layout`.

        Raises:
            TrainingError: a number is not finite; nothing was changed.
            ValueError: the rows have another shape.
        """
        block = self._prepare(rows)
        with torch.inference_mode(self._is_inference):
            for index, batch in enumerate(block):
                due = self._due(last=index == len(block) - 1)
                self._count(due, self._take_step(batch, due))

    def _prepare(self, rows: Tensor) -> Tensor:
        """Return a block on the device, checked, observations normalised."""
        if rows.ndim != 3 or rows.shape[2] != self.layout.width:
            raise ValueError(
                f'rows: given shape {tuple(rows.shape)};'
                f' accepted: (update, batch, {self.layout.width})'
            )
        # one number tells of all; the sum of large finite ones can overflow
        if not math.isfinite(rows.sum().item()) and not bool(torch.isfinite(rows).all()):
            raise TrainingError(_explain_bad_numbers(self.layout.unpack(rows)))
        block = rows.to(self._device, torch.float32, non_blocking=True)
        if not self.algorithm.normalise_observations:
            return block
        block = block.clone() if block is rows else block  # the caller's stay as they are
        fields = self.layout.unpack(block)
        statistics, clip = self._state.statistics, self.algorithm.observation_clip
        statistics.update(fields.observation)
        for observation in (fields.observation, fields.next_observation):
            observation.copy_(statistics.normalise(observation, clip))
        return block

    def _due(self, *, last: bool) -> StepPlan:
        """Return what the next update does, the last of its block or not."""
        algorithm, number = self.algorithm, self.updates + 1
        per_block = algorithm.actor_update_per_block
        actor = last if per_block else number % algorithm.policy_delay == 0
        return StepPlan(
            actor=actor,
            targets=number % algorithm.target_delay == 0,
            critic_record=self.updates % _UPDATES_PER_RECORD == 0,
            actor_record=actor and self.actor_updates % _UPDATES_PER_RECORD == 0,
        )

    def _count(self, due: StepPlan, records: StepMetrics) -> None:
        """Count an update and take its records in."""
        self._state.updates += 1
        self._state.actor_updates += due.actor
        for record in records:
            if record:
                self._metrics.add(**record)

    def _step(self, rows: Tensor, due: StepPlan) -> StepMetrics:
        """Do one update with a batch, (batch, width); nothing in it waits for the device."""
        shape = (len(rows), self.layout.action_size)
        noise = draw_noise(
            self.algorithm, self.critics, shape, self._state.generator, with_actor=due.actor
        )
        records = StepMetrics({}, {})
        found = self._gradients.critics(rows, noise)
        if due.critic_record:
            records.critics.update(self._critic_record(found))
        self._move('critics', found.gradient)
        if due.actor:
            raised = self._gradients.actor(rows, noise)
            if due.actor_record:
                records.actor.update(self._actor_record(raised))
            self._move('actor', raised.gradient)
            if raised.log_prob is not None and self.algorithm.temperature == 'auto':
                self._state.optimizers['temperature'].step(self._temperature_gradient(raised))
        if due.targets:
            self._update_targets()
        return records

    def _temperature_gradient(self, raised: ActorGradient) -> Tensor:
        """Return the gradient by the temperature's parameter, scalar.

        It raises the temperature where the entropy is below its target and lowers it where
        above. The loss is -p (mean log pi + target entropy) with p the learned parameter, log
        alpha for `exp`; so the gradient by p is -(mean log pi + target entropy).
        """
        assert raised.log_prob is not None
        return raised.log_prob.mean().add_(self._target_entropy).neg_()

    def _critic_record(self, found: CriticGradient) -> dict[str, Tensor]:
        """Return what people want to see of the critics, scalars."""
        quantiles, targets = found.quantiles, found.targets
        rows = max(1, _PAIRS_PER_RECORD // (quantiles[0].numel() * targets.shape[1]))
        return {
            'critic_loss': quantile_loss(
                quantiles[:rows], targets[:rows], self.algorithm.critic_loss
            ),
            'q_mean': quantiles.mean(),
            'quantile_spread': quantiles.std(dim=2, correction=0).mean(),
            'target_mean': targets.mean(),
            'critic_gradient_norm': torch.linalg.vector_norm(found.gradient),
        }

    def _actor_record(self, raised: ActorGradient) -> dict[str, Tensor]:
        """Return what people want to see of actor and temperature, scalars."""
        norm = torch.linalg.vector_norm(raised.gradient)
        if raised.log_prob is None:
            return {'actor_loss': -raised.q, 'actor_gradient_norm': norm}
        entropy, temperature = -raised.log_prob.mean(), self.temperature
        gradient = self._temperature_gradient(raised)
        return {
            'actor_loss': -temperature * entropy - raised.q,
            'actor_gradient_norm': norm,
            'temperature': temperature.clone(),
            'temperature_loss': self._state.temperature_parameter * gradient,
            'entropy': entropy,
        }

    def _update_targets(self) -> None:
        """Let the targets follow their networks by a small share of the distance."""
        state, share = self._state, self.algorithm.tau_target
        state.target_critics.flat.lerp_(state.critics.frozen.flat, share)
        if self.algorithm.distribution == 'deterministic':
            state.target_actor.flat.lerp_(state.actor.frozen.flat, share)

    def _move(self, name: str, gradient: Tensor) -> None:
        """Let an optimizer step, its gradient's norm bounded."""
        bound = self.algorithm.max_gradient_norm
        if bound:
            norm = torch.linalg.vector_norm(gradient)
            gradient.mul_((bound / (norm + 1e-6)).clamp_(max=1.0))
        self._state.optimizers[name].step(gradient)

    def metrics(self) -> dict[str, float]:
        """Return the means of what was recorded since the last call; waits for the device.

        Raises:
            TrainingError: one is not finite.
        """
        metrics = self._metrics.take()
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f'training diverged by update {self.updates}: {name} is {value};'
                    ' accepted: finite numbers'
                )
        return metrics

    def policy(self, version: int = 0) -> PolicyParameters:
        """Return the actor as it travels to robots; waits for the device."""
        mean = std = torch.zeros(0)
        if self.algorithm.normalise_observations:
            mean, std = self._state.statistics.mean, self._state.statistics.std
        return PolicyParameters(
            architecture=self.actor.architecture,
            parameters=self.actor.exported(self._state.actor),
            observation_mean=mean.cpu().numpy().copy(),
            observation_std=std.cpu().numpy().copy(),
            version=version,
            updates=self.updates,
            uniform_exploration=self.algorithm.uniform_start and self.updates == 0,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that training needs to go on as if never interrupted."""
        return self._state.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`.

        Raises:
            TrainingError: it is of other networks; nothing was changed.
        """
        self._state.load_state_dict(state)


def _explain_bad_numbers(fields: Batch[Tensor]) -> str:
    """Return which field of a block is not finite."""
    for name, values in fields._asdict().items():
        bad = values[~torch.isfinite(values)]
        if len(bad):
            return (
                f'batch: {name}: {len(bad)} of {values.numel()} numbers are not finite,'
                f' the first is {bad[0].item()}; accepted: finite numbers'
            )
    return 'batch: a number is not finite'


class MeanMetrics:
    """Sums up named scalars."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._sums: dict[tuple[str, ...], tuple[Tensor, int]] = {}

    def add(self, **values: Tensor) -> None:
        """Add one value of each name; names that are added together share a count."""
        fresh = torch.stack([value.detach() for value in values.values()])
        total, count = self._sums.get(tuple(values), (torch.zeros_like(fresh), 0))
        self._sums[tuple(values)] = (total + fresh, count + 1)

    def take(self) -> dict[str, float]:
        """Return the means since the last call; waits for the device."""
        means: dict[str, float] = {}
        for names, (total, count) in self._sums.items():
            means.update(zip(names, (total / count).tolist(), strict=True))
        self._sums = {}
        return means
