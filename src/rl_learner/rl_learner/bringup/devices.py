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

"""The parameter `devices` on a command line, which decides what process a learner becomes."""

from collections.abc import Sequence
import itertools
import re

MOST_DEVICES = 1024
_ASSIGNMENT = re.compile(r'(?:/?learner:)?devices:=(\d+)')
_PARAMETER_OPTIONS = ('-p', '--param')


def devices_of(arguments: Sequence[str]) -> int:
    """Return the last value of `-p devices:=N`; 1 without one, or if the node would refuse it."""
    devices = 1
    for option, word in itertools.pairwise(arguments):
        if option in _PARAMETER_OPTIONS and (match := _ASSIGNMENT.fullmatch(word)):
            devices = int(match[1])
    return devices if devices <= MOST_DEVICES else 1
