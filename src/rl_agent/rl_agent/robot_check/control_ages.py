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

"""How old a field's newest message is at each step of the control loop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ControlAges:
    """What a control loop would see of a field, in a number of control periods.

    Attributes:
        periods: number of control periods from one step to the next.
        repeats: fraction of them without a new message, in which the policy would see the values
            of the step before.
        median_s: median age of the newest message at a step.
        worst_s: largest age.
    """

    periods: int
    repeats: float
    median_s: float
    worst_s: float


def control_ages(
    received_s: Sequence[float], begin_s: float, end_s: float, period_s: float
) -> ControlAges | None:
    """Return the ages of messages at steps of an ideal control loop; None: less than two steps.

    Args:
        received_s: times of reception, ascending, of the steady clock.
        begin_s: the first step is at this time, or the first thereafter that has a message.
        end_s: the last step is at or before this time.
        period_s: of the control loop.
    """
    received = np.asarray(received_s, np.float64)
    if not len(received) or end_s < begin_s:
        return None
    steps = begin_s + period_s * np.arange(int((end_s - begin_s) / period_s + 1e-9) + 1)
    newest = np.searchsorted(received, steps, side='right') - 1
    steps, newest = steps[newest >= 0], newest[newest >= 0]
    if len(steps) < 2:
        return None
    ages = steps - received[newest]
    repeats = float(np.mean(newest[1:] == newest[:-1]))
    return ControlAges(len(steps) - 1, repeats, float(np.median(ages)), float(np.max(ages)))
