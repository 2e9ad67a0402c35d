# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot description that cannot be meant is refused, with the key and what is accepted."""

from collections.abc import Callable
import copy
import math
from pathlib import Path
from typing import Any

import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.observation_description import ObservationField
from rl_agent.robot_description import load_robot
import yaml

Content = dict[str, Any]

# Two joints, a field of each transform, one field without bounds.
ARM: Content = {
    'name': 'arm',
    'rate_hz': 50,
    'episode_steps': 100,
    'observation': [
        {
            'name': name,
            'topic': 'joint_states',
            'type': 'sensor_msgs/msg/JointState',
            'field': field,
            'joints': ['shoulder'],
            **more,
        }
        for name, field, more in (
            ('cos_angle', 'position', {'transform': 'cos'}),
            ('sin_angle', 'position', {'transform': 'sin'}),
            ('velocity', 'velocity', {'unit': 'rad/s', 'bounds': [-8, 8]}),
        )
    ]
    + [
        {
            'name': 'effort',
            'topic': 'joint_states',
            'type': 'sensor_msgs/msg/JointState',
            'field': 'effort',
            'joints': ['shoulder', 'elbow'],
            'unit': 'N m',
        }
    ],
    'action': {
        'topic': 'commands',
        'type': 'std_msgs/msg/Float64MultiArray',
        'joints': ['shoulder', 'elbow'],
        'unit': 'N m',
        'low': [-2, 0],
        'high': [2, 10],
    },
    'task': {'name': 'swing_up'},
    'reset': {'service': 'reset'},
}


def change(*path: str | int, value: Any) -> Callable[[Content], None]:
    """Return a function that sets one value in a description."""

    def apply(content: Content) -> None:
        place: Any = content
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return apply


def remove(key: str) -> Callable[[Content], None]:
    """Return a function that removes one key of a description."""

    def apply(content: Content) -> None:
        del content[key]

    return apply


def write(folder: Path, content: Content) -> str:
    path = folder / 'arm.yaml'
    path.write_text(yaml.safe_dump(content), encoding='utf-8')
    return str(path)


def test_the_shipped_pendulum_is_as_gymnasium_has_it() -> None:
    robot = load_robot('pendulum')
    assert (robot.name, robot.rate_hz, robot.episode_steps) == ('pendulum', 20.0, 200)
    assert [item.name for item in robot.observation] == ['cos_angle', 'sin_angle', 'velocity']
    assert [item.limits for item in robot.observation] == [(-1, 1), (-1, 1), (-8, 8)]
    assert (robot.action.low, robot.action.high) == ((-2.0,), (2.0,))
    assert robot.task.name == 'swing_up'
    assert robot.simulation is not None
    assert robot.simulation.model == 'pendulum'


def test_a_description_of_ones_own_is_loaded(tmp_path: Path) -> None:
    robot = load_robot(write(tmp_path, ARM))
    assert robot.action.joints == ('shoulder', 'elbow')
    assert robot.reset.timeout_s == 10.0
    assert robot.simulation is None


def test_elements_are_named_by_field_and_joint(tmp_path: Path) -> None:
    robot = load_robot(write(tmp_path, ARM))
    assert robot.observation[2].element_names == ('velocity',)
    assert robot.observation[3].element_names == ('effort/shoulder', 'effort/elbow')


@pytest.mark.parametrize(
    ('transform', 'bounds', 'limits'),
    [
        ('none', None, (-math.inf, math.inf)),
        ('none', (-3.0, 4.0), (-3.0, 4.0)),
        ('sin', None, (-1.0, 1.0)),
        ('cos', None, (-1.0, 1.0)),
    ],
)
def test_limits_are_bounds_after_the_transform(
    transform: Any, bounds: tuple[float, float] | None, limits: tuple[float, float]
) -> None:
    item = ObservationField('a', 't', 'p/msg/M', 'f', ('j',), transform, 'rad', bounds)
    assert item.limits == limits


REFUSED: dict[str, tuple[Callable[[Content], None], str]] = {
    # what is wrong: (how, all of which the error's one line must hold, in order, `...` between)
    'name missing': (remove('name'), 'name: missing'),
    'observation missing': (remove('observation'), 'observation: missing'),
    'action missing': (remove('action'), 'action: missing'),
    'task missing': (remove('task'), 'task: missing'),
    'reset missing': (remove('reset'), 'reset: missing'),
    'name with a blank': (change('name', value='my arm'), "name: given 'my arm'; accepted"),
    'no rate': (change('rate_hz', value=0), 'rate_hz: given 0; accepted: greater than 0'),
    'rate too high': (change('rate_hz', value=1001), 'rate_hz: given 1001; accepted ... 1000'),
    'rate not finite': (change('rate_hz', value=math.nan), 'rate_hz: given nan ... finite'),
    'rate is text': (change('rate_hz', value='fast'), "rate_hz: given 'fast' ... number"),
    'no steps': (change('episode_steps', value=0), 'episode_steps: given 0 ... equal to 1'),
    'too many steps': (change('episode_steps', value=10**6 + 1), 'episode_steps ... 1000000'),
    'half a step': (change('episode_steps', value=1.5), 'episode_steps: given 1.5 ... integer'),
    'no observation': (change('observation', value=[]), 'observation: given [] ... at least 1'),
    'unknown key': (
        change('rate', value=1),
        "rate: unknown key (did you mean 'rate_hz'?); accepted: action, episode_steps, name,",
    ),
    'unknown key of a field': (
        change('observation', 1, 'topics', value='a'),
        "observation.1.topics: unknown key (did you mean 'topic'?); accepted: bounds, clip,",
    ),
    'unknown key of the action': (
        change('action', 'lo', value=[1]),
        "action.lo: unknown key (did you mean 'low'?)",
    ),
    'unknown key of the simulation': (
        change('simulation', value={'model': 'pendulum', 'modle': 'x'}),
        "simulation.modle: unknown key (did you mean 'model'?); accepted: model",
    ),
    'field name': (change('observation', 0, 'name', value='0x'), "observation.0.name: given '0x'"),
    'topic': (change('observation', 0, 'topic', value='a b'), "observation.0.topic: given 'a b'"),
    'type without msg': (
        change('observation', 0, 'type', value='sensor_msgs/JointState'),
        "observation.0.type: given 'sensor_msgs/JointState'; accepted",
    ),
    'field path': (
        change('observation', 0, 'field', value='position['),
        "observation.0.field: given 'position['; accepted",
    ),
    'no joints': (
        change('observation', 0, 'joints', value=[]),
        'observation.0.joints: given [] ... at least 1',
    ),
    'a joint twice in a field': (
        change('observation', 3, 'joints', value=['elbow', 'elbow']),
        'observation.3.joints: given twice: elbow; accepted: each once',
    ),
    'unknown transform': (
        change('observation', 0, 'transform', value='tan'),
        "observation.0.transform: given 'tan'; accepted: 'none', 'sin', 'cos', 'roll_pitch_yaw'",
    ),
    'bounds upside down': (
        change('observation', 2, 'bounds', value=[8, -8]),
        'observation.2.bounds: given [8.0, -8.0]; accepted: low before high',
    ),
    'equal bounds': (
        change('observation', 2, 'bounds', value=[8, 8]),
        'observation.2.bounds: given [8.0, 8.0]; accepted: low before high',
    ),
    'infinite bounds': (
        change('observation', 2, 'bounds', value=[0, math.inf]),
        'observation.2.bounds.1: given inf ... finite',
    ),
    'one bound': (
        change('observation', 2, 'bounds', value=[8]),
        'observation.2.bounds.1: missing',
    ),
    'a field twice': (
        change('observation', 3, 'name', value='velocity'),
        'observation: given twice: velocity; accepted: each once',
    ),
    'a topic of two types': (
        change('observation', 3, 'type', value='std_msgs/msg/Float64'),
        "topic 'joint_states' given as sensor_msgs/msg/JointState and as"
        ' std_msgs/msg/Float64; accepted: one type for a topic',
    ),
    'a field that the task needs': (
        change('observation', 2, 'name', value='speed'),
        "task: 'swing_up' needs the observation fields velocity besides;"
        ' given cos_angle, sin_angle, speed, effort',
    ),
    'action topic': (
        change('action', 'topic', value='3/a'),
        "action.topic: given '3/a'; accepted",
    ),
    'action type': (
        change('action', 'type', value='std_msgs/Float64'),
        "action.type: given 'std_msgs/Float64'; accepted",
    ),
    'no action joints': (change('action', 'joints', value=[]), 'action.joints: given []'),
    'an action joint twice': (
        change('action', 'joints', value=['elbow', 'elbow']),
        'action.joints: given twice: elbow',
    ),
    'too few low': (
        change('action', 'low', value=[-2]),
        'action.low: given 1 values; accepted: one for each of the 2 joints',
    ),
    'too many high': (
        change('action', 'high', value=[2, 2, 2]),
        'action.high: given 3 values; accepted: one for each of the 2 joints',
    ),
    'low above high': (
        change('action', 'low', value=[-2, 11]),
        'action.high: given 10.0 for elbow; accepted: above its low, 11.0',
    ),
    'low equals high': (
        change('action', 'low', value=[2, 0]),
        'action.high: given 2.0 for shoulder; accepted: above its low, 2.0',
    ),
    'infinite command': (
        change('action', 'high', value=[2, math.inf]),
        'action.high.1: given inf ... finite',
    ),
    'unknown task': (
        change('task', 'name', value='dance'),
        "task.name: given 'dance'; accepted: swing_up",
    ),
    'unknown parameter of the task': (
        change('task', 'parameters', value={'cost': 1}),
        "task.parameters: unknown for 'swing_up': cost; accepted: effort_cost, velocity_cost",
    ),
    'a parameter that is no number': (
        change('task', 'parameters', value={'effort_cost': 'much'}),
        "task.parameters.effort_cost: given 'much' ... number",
    ),
    'reset service': (change('reset', 'service', value=''), "reset.service: given ''; accepted"),
    'no time for a reset': (
        change('reset', 'timeout_s', value=0),
        'reset.timeout_s: given 0; accepted: greater than 0',
    ),
    'too much time for a reset': (
        change('reset', 'timeout_s', value=601),
        'reset.timeout_s: given 601 ... 600',
    ),
}


def test_a_task_gets_its_parameters(tmp_path: Path) -> None:
    content = copy.deepcopy(ARM)
    content['task']['parameters'] = {'effort_cost': 0.5}
    assert load_robot(write(tmp_path, content)).task.parameters == {'effort_cost': 0.5}


@pytest.mark.parametrize('name', REFUSED)
def test_what_cannot_be_meant_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    how, expected = REFUSED[name]
    content = copy.deepcopy(ARM)
    how(content)
    path = write(tmp_path, content)
    with pytest.raises(ConfigurationError) as caught:
        load_robot(path)
    line = str(caught.value)
    assert '\n' not in line
    assert line.startswith(f'{path}: ')
    rest = line
    for part in expected.split(' ... '):
        assert part in rest, line
        rest = rest[rest.index(part) + len(part) :]


def test_mistakes_in_several_places_come_at_once(tmp_path: Path) -> None:
    content = copy.deepcopy(ARM)
    for how in (REFUSED['no rate'], REFUSED['bounds upside down'], REFUSED['too few low']):
        how[0](content)
    with pytest.raises(ConfigurationError) as caught:
        load_robot(write(tmp_path, content))
    assert len(str(caught.value).split('\n')) == 3


def test_an_unknown_robot_lists_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"robot: given 'r2d2'; accepted: .*pendulum"):
        load_robot('r2d2')
