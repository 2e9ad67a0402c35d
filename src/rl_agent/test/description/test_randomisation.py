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

# mypy: disable-error-code="no-untyped-def"
"""Ranges and draws of domain randomisation."""

import dataclasses

import pytest
from rl_agent.configuration import build, config_folder
from rl_agent.description.randomisation import draw, RandomisationRanges
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
import yaml

PARTS = {'mass': ('trunk', 'calf')}


@pytest.mark.parametrize(
    ('key', 'given', 'expected'),
    [
        ('mass', [1.2, 0.8], 'mass: given [1.2, 0.8]; accepted: [low, high] with low not above'),
        ('mass', [0.0, 1.0], 'both from 0.1 to 10'),
        ('friction', [0.5, 50], 'friction: given [0.5, 50]'),
        ('friction', 0.5, 'friction: given 0.5'),
        ('friction', [0.5], 'friction'),
        ('link_size', [0.5, 0.8, 1.0], 'link_size'),
        ('action_delay_s', ['a', 'b'], 'action_delay_s'),
        ('action_delay_s', [-0.1, 0.1], 'action_delay_s: given [-0.1, 0.1]'),
        ('observation_noise', [0.0, float('nan')], 'observation_noise'),
        ('push_speed_m_s', [0.0, 0.4], 'given one of them; accepted: both or neither'),
        ('light', [0.0, 1.0], 'light: given [0, 1]; accepted: [low, high]'),
        ('colour_shift', [-0.6, 0.1], 'both from -0.5 to 0.5'),
        ('camera_position_m', [-1, 1], 'camera_position_m: given [-1, 1]'),
        ('camera_angle_rad', [0, 30], 'camera_angle_rad: given [0, 30]'),
        ('terrain', [0, 1], "terrain: unknown key (did you mean 'terrain_height_m'?)"),
    ],
)
def test_invalid_ranges_are_refused(key, given, expected):
    with pytest.raises(ConfigurationError) as refused:
        build(RandomisationRanges, {key: given}, 'robot.yaml')
    assert expected in str(refused.value)
    assert 'robot.yaml' in str(refused.value)


def test_each_mistake_is_reported_once():
    with pytest.raises(ConfigurationError) as refused:
        build(RandomisationRanges, {'mass': [2.0, 1.0], 'friction': [3.0, 1.0]}, 'robot.yaml')
    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    assert 'mass' in lines[0]
    assert 'friction' in lines[1]


def test_a_range_may_be_a_single_value():
    ranges = build(RandomisationRanges, {'friction': [0.7, 0.7]}, 'robot.yaml')
    assert draw(ranges, 1).values == {'friction': 0.7}


def test_draws_lie_within_their_ranges_and_fill_them():
    ranges = RandomisationRanges(mass=(0.8, 1.2), action_delay_s=(0.0, 0.04))
    draws = [draw(ranges, seed, PARTS).values for seed in range(300)]
    assert all(set(values) == {'mass/trunk', 'mass/calf', 'action_delay_s'} for values in draws)
    for name, low, high in (('mass/calf', 0.8, 1.2), ('action_delay_s', 0.0, 0.04)):
        drawn = [values[name] for values in draws]
        assert low <= min(drawn) < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < max(drawn) <= high
    assert any(values['mass/trunk'] != values['mass/calf'] for values in draws)


def test_the_same_seed_draws_the_same():
    ranges = RandomisationRanges(mass=(0.8, 1.2), friction=(0.4, 1.2))
    assert draw(ranges, 7, PARTS) == draw(ranges, 7, PARTS)
    assert draw(ranges, 7, PARTS).values != draw(ranges, 8, PARTS).values


def test_values_that_do_not_vary_are_nominal():
    nothing = draw(RandomisationRanges(), 3)
    assert nothing.values == {}
    assert nothing.value('friction', 0.8) == 0.8


def test_every_range_can_be_given():
    given = {item.name: [1.0, 1.0] for item in dataclasses.fields(RandomisationRanges)}
    given |= {'action_delay_s': [0, 0.1], 'observation_delay_s': [0, 0.1]}
    given |= {'terrain_height_m': [0, 0.1], 'colour_shift': [-0.1, 0.1]}
    given |= {'camera_position_m': [-0.1, 0.1], 'camera_angle_rad': [0, 0.1]}
    ranges = build(RandomisationRanges, given, 'robot.yaml')
    assert len(draw(ranges, 1).values) == len(given)


@pytest.mark.parametrize(
    ('section', 'key', 'value', 'expected'),
    [
        (
            ('simulation', 'randomisation'),
            'mass',
            [2, 1],
            'simulation.randomisation.mass: given [2, 1]; accepted: [low, high]',
        ),
        (
            ('task', 'parameters'),
            'target_velocity',
            5.0,
            'task.parameters: target_velocity: given 5.0; accepted: 0.1 to 2 m/s',
        ),
    ],
)
def test_a_mistake_in_the_quadrupeds_file_is_one_line(tmp_path, section, key, value, expected):
    content = yaml.safe_load((config_folder() / 'robots' / 'quadruped.yaml').read_text())
    content[section[0]][section[1]][key] = value
    path = tmp_path / 'robot.yaml'
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError) as refused:
        load_robot(str(path))
    assert str(refused.value).startswith(f'{path}: {expected}')
    assert '\n' not in str(refused.value)
