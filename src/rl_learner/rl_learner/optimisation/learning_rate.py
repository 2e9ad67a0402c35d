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

"""Learning rates that fall linearly while training goes on."""


def decayed(
    learning_rate: float, updates: int, decay_updates: int, final_fraction: float
) -> float:
    """Return the learning rate of the next update.

    It falls linearly to `final_fraction` of itself during the first `decay_updates` updates and
    stays there.

    Args:
        learning_rate: of the first update.
        updates: critic updates since training began.
        decay_updates: number of updates during which it falls, 1 or more.
        final_fraction: of the learning rate at the end.
    """
    progress = min(1.0, updates / decay_updates)
    return learning_rate * (1.0 - (1.0 - final_fraction) * progress)
