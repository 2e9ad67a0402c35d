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

"""What has to be done again and again, at any time that does not delay a command."""

from collections.abc import Callable
from typing import NamedTuple


class Chore(NamedTuple):
    """Work of a few milliseconds at most, for another thread than the control thread.

    Attributes:
        work: does it.
        period_s: between two calls, about.
    """

    work: Callable[[], None]
    period_s: float
