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

"""A report fits on the terminal that shows it."""

from rl_agent.robot_check.live_display import fitted


def test_a_text_that_fits_stays() -> None:
    assert fitted(['ab', 'cd'], 2, 3) == ['ab', 'cd']


def test_a_text_is_cut_to_the_terminal() -> None:
    lines = [f'line {number}' for number in range(10)]
    assert fitted(lines, 60, 4) == [
        'line 0',
        'line 1',
        '... 8 more lines: a taller terminal, or --json',
    ]
    assert fitted(['abc'], 2, 4) == ['ab']
    assert len(fitted(lines, 60, 1)) == 1
