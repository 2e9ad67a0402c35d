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

"""How long torch's CPU threads spin before they sleep.

The threads of a product wait for each other, a hundred times per update. GNU OpenMP lets them spin
for milliseconds first; on a machine with other work they then occupy the processors that the
awaited thread needs.
"""

from collections.abc import Mapping

# a third of a millisecond, longer than the pause between two products of an update
_SPIN_COUNT = 10_000


def openmp_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables that limit spinning; set them before torch is imported.

    Args:
        given: the environment; if it already says how threads wait, nothing is returned.
    """
    if given.keys() & {'GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'}:
        return {}
    return {'GOMP_SPINCOUNT': str(_SPIN_COUNT)}
