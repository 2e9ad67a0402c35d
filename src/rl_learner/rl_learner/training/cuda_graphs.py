# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""An update as one CUDA graph: recorded once, then replayed with a single launch."""

from collections.abc import Callable
import logging
from typing import NamedTuple

from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.training.step_plan import StepMetrics, StepPlan
import torch
from torch import Tensor

Capture = Callable[[Callable[[], StepMetrics]], tuple[Callable[[], None], StepMetrics]]

_WARM_UPS = 2


class _Captured(NamedTuple):
    """A recorded step: fill `rows`, replay, read `records`."""

    rows: Tensor
    replay: Callable[[], None]
    records: StepMetrics


class CapturedSteps:
    """Takes steps by replaying them; one recording for what is due and each batch size.

    A step must depend on nothing but the training state, its rows and what is due, and must wait
    for nothing. Where recording fails, steps are taken one by one as before, and a warning says
    so.
    """

    def __init__(
        self,
        step: Callable[[Tensor, StepPlan], StepMetrics],
        state: TrainingState,
        capture: Capture,
    ) -> None:
        """Prepare.

        Args:
            step: takes rows, (batch, width), and what is due.
            state: all that a step changes.
            capture: records a step; returns what replays it, and the step's result, which each
                replay overwrites.
        """
        self._step, self._state, self._capture = step, state, capture
        self._captured: dict[object, _Captured] = {}
        self._works = True

    def __call__(self, rows: Tensor, due: StepPlan) -> StepMetrics:
        """Take a step; its result holds until the next step."""
        key = (rows.shape, due)
        if self._works and key not in self._captured:
            self._record(key, rows, due)
        if not self._works:
            return self._step(rows, due)
        captured = self._captured[key]
        captured.rows.copy_(rows)
        captured.replay()
        return captured.records

    def _record(self, key: object, rows: Tensor, due: StepPlan) -> None:
        """Record a step, and leave the training state as it was."""
        own = rows.clone()
        before = self._state.state_dict()
        try:
            self._captured[key] = _Captured(own, *self._capture(lambda: self._step(own, due)))
        except RuntimeError as error:
            self._works = False
            logging.getLogger(__name__).warning(
                'CUDA graphs cannot be used, training is slower: %s', error
            )
        self._state.load_state_dict(before)


def capture_cuda_graph(generator: torch.Generator) -> Capture:
    """Return what records a step as a CUDA graph.

    Args:
        generator: of the step's random numbers; a replay goes on where it stands.
    """

    def capture(step: Callable[[], StepMetrics]) -> tuple[Callable[[], None], StepMetrics]:
        """Warm up beside the default stream, as recording demands, then record."""
        device = generator.device
        stream = torch.cuda.Stream(device)
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                step()
        torch.cuda.current_stream(device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(generator)
        with torch.cuda.device(device), torch.cuda.graph(graph):
            records = step()
        return graph.replay, records

    return capture
