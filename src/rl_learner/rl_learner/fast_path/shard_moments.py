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

"""BatchNorm over the rows of all ranks: its moments, and the sums of its backward pass."""

from rl_learner.distributed.ranks import Ranks
from rl_learner.layers.batch_norm import Moments
import torch
from torch import Tensor


def joint_moments(own: Moments, ranks: Ranks) -> Moments:
    """Return the moments over the rows of all ranks; each has as many.

    Merged after Chan, Golub and LeVeque (1979), without the cancellation of a mean of squares.

    Args:
        own: over this rank's rows, (member, 1, size) each.
        ranks: take part.
    """
    means, variances = ranks.gather(torch.stack(own)).unbind(dim=1)
    mean = means.mean(dim=0)
    variance = variances.mean(dim=0) + (means - mean).square().mean(dim=0)
    return Moments(mean, variance)


def joint_means(ranks: Ranks, *values: Tensor) -> tuple[Tensor, ...]:
    """Return the mean over the ranks of tensors of one shape, in one exchange."""
    means = torch.stack(values)
    ranks.average(means)
    return means.unbind()
