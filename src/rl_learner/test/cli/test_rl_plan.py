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

"""`rl_plan` on the command line: answers, exit codes, and one line for each bad input."""

import json

import pytest
from rl_learner.cli import plan

SIZES = ('--rate-hz', '50', '--observations', '46', '--actions', '12')


def ran(*words: str) -> int:
    """Run the tool; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        plan.main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_small_fleet_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran('--robots', '2', '--robot', 'diff_drive', '--updates-per-s', '200') == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith('fits; what gives first: ') for line in lines)
    assert any('GB per hour' in line for line in lines)


def test_a_large_fleet_does_not_and_the_answer_is_one_object(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ran('--robots', '10000', *SIZES, '--json') == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer['fits'] is False
    assert answer['robots'] == 10_000
    assert answer['robots_beyond_measured'] > 9_000
    first = answer['loads'][answer['first']]
    assert first['used'] > 1
    assert answer['most_robots'] == min(load['most_robots'] for load in answer['loads'].values())
    assert answer['constants']['bridge_batch_s']


def test_this_machine_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    ran('--robots', '1', *SIZES, '--algorithm', 'small', '--measure', '--device', 'cpu', '--json')
    speed = json.loads(capsys.readouterr().out)['updates_per_s_of_a_device']
    assert speed > 0


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['--robots', '0', *SIZES], "--robots: given '0'; accepted: a whole number, 1 to 1000000"),
        (['--robots', 'ten', *SIZES], "--robots: given 'ten'"),
        (['--robots', '4', *SIZES[2:], '--rate-hz', 'nan'], "--rate-hz: given 'nan'; accepted"),
        (['--robots', '4', *SIZES[2:], '--rate-hz', '-5'], "--rate-hz: given '-5'"),
        (['--robots', '4', *SIZES[:2]], 'robot: not given; accepted: --robot NAME, or'),
        (['--robots', '4', '--robot', 'pendulum', *SIZES], '--robot: given with --rate-hz'),
        (['--robots', '4', '--robot', 'pendulun'], "did you mean 'pendulum'"),
        (['--robots', '4', *SIZES, '--algorithm', 'tqcc'], "did you mean 'tqc'"),
        (['--robots', '4', *SIZES, '--devices', '0'], "--devices: given '0'; accepted: a whole"),
        (['--robots', '4', *SIZES, '--discovery', 'zenoh'], "invalid choice: 'zenoh'"),
        (['--robots', '4', *SIZES, '--memory-gb', '0'], "--memory-gb: given '0'; accepted"),
        (
            ['--robots', '4', *SIZES, '--measure', '--updates-per-s', '5'],
            'not allowed with argument',
        ),
        (SIZES, 'the following arguments are required: --robots'),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(*words) == 2
    captured = capsys.readouterr()
    assert not captured.out
    (line,) = captured.err.splitlines()
    assert line.startswith('rl_plan: error: ')
    assert said in line
