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

"""An update as one CUDA graph: captured once, then replayed with a single launch."""

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
    """A captured step: fill `rows`, replay, read `metrics`."""

    rows: Tensor
    replay: Callable[[], None]
    metrics: StepMetrics


class CapturedSteps:
    """Runs steps by replaying a captured one, for each plan and batch size.

    A step may depend only on the training state, its rows and its plan, and must not wait for the
    device. If capturing fails, a warning is logged and steps run uncaptured.
    """

    def __init__(
        self,
        step: Callable[[Tensor, StepPlan], StepMetrics],
        state: TrainingState,
        capture: Capture,
    ) -> None:
        """Start with no captured steps.

        Args:
            step: called with rows, (batch, width), and a plan.
            state: everything that a step changes.
            capture: captures a step; returns a function that replays it, and the step's metrics,
                which each replay overwrites.
        """
        self._step, self._state, self._capture = step, state, capture
        self._captured: dict[object, _Captured] = {}
        self._can_capture = True

    def __call__(self, rows: Tensor, plan: StepPlan) -> StepMetrics:
        """Run a step; the returned metrics are valid until the next step."""
        key = (rows.shape, plan)
        if self._can_capture and key not in self._captured:
            self._capture_step(key, rows, plan)
        if not self._can_capture:
            return self._step(rows, plan)
        captured = self._captured[key]
        captured.rows.copy_(rows)
        captured.replay()
        return captured.metrics

    def _capture_step(self, key: object, rows: Tensor, plan: StepPlan) -> None:
        """Capture a step and restore the training state."""
        static_rows = rows.clone()
        before = self._state.state_dict()
        try:
            self._captured[key] = _Captured(
                static_rows, *self._capture(lambda: self._step(static_rows, plan))
            )
        except RuntimeError as error:
            self._can_capture = False
            logging.getLogger(__name__).warning(
                'CUDA graphs cannot be used, training is slower: %s', error
            )
        self._state.load_state_dict(before)


def capture_cuda_graph(generator: torch.Generator) -> Capture:
    """Return a function that captures a step as a CUDA graph.

    Args:
        generator: of the step's random numbers; each replay advances it.
    """

    def capture(step: Callable[[], StepMetrics]) -> tuple[Callable[[], None], StepMetrics]:
        """Warm up on a side stream, as capturing requires, then capture."""
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
            metrics = step()
        return graph.replay, metrics

    return capture
