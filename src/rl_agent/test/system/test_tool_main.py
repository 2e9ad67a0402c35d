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

"""What a command-line tool prints, and its exit codes."""

from collections.abc import Callable

import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.system.tool_main import run_tool, split_ros_args


def interrupted(_: list[str]) -> int:
    raise KeyboardInterrupt


def refused(words: list[str]) -> int:
    raise ConfigurationError(f'robot: given {words[0]!r}; accepted: arm')


@pytest.mark.parametrize(
    ('work', 'code', 'said'),
    [
        (lambda words: len(words), 2, ''),
        (refused, 2, "error: robot: given 'leg'; accepted: arm\n"),
        (interrupted, 130, ''),
    ],
)
def test_exit_codes_and_errors(
    work: Callable[[list[str]], int], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_tool(work, ['leg', '--json'])
    assert ended.value.code == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ('words', 'parts'),
    [
        (['arm', '--ros-args', '-r', 'a:=b'], (['arm'], ['--ros-args', '-r', 'a:=b'])),
        (['arm'], (['arm'], [])),
        ([], ([], [])),
    ],
)
def test_the_words_for_ros_are_split_off(
    words: list[str], parts: tuple[list[str], list[str]]
) -> None:
    assert split_ros_args(words) == parts
