# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""No text of the validation library reaches a user: every kind of its errors has words of ours."""

from collections.abc import Iterator, Mapping
import copy
import dataclasses
import json
import math
import re
from typing import Any

from pydantic import TypeAdapter
import pytest
from rl_agent.bringup.robot_parameters import (
    AgentParameters,
    GazeboRobotParameters,
    KeyboardHandParameters,
    ScriptedPersonParameters,
    SimulatedFleetParameters,
    SimulatedRobotParameters,
)
from rl_agent.configuration import build, config_folder, read_yaml
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.gazebo.bridge_file import BridgeEntry
from rl_agent.validation_words import KNOWN
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.bringup.parameters import (
    LearnerParameters,
    RecorderParameters,
    ReplayBridgeParameters,
)
from rl_learner.demo.demo_description import DemoDescription

SCHEMAS = (
    RobotDescription,
    Algorithm,
    DemoDescription,
    BridgeEntry,
    AgentParameters,
    SimulatedFleetParameters,
    SimulatedRobotParameters,
    GazeboRobotParameters,
    KeyboardHandParameters,
    ScriptedPersonParameters,
    LearnerParameters,
    RecorderParameters,
    ReplayBridgeParameters,
)
# Node of a schema: the errors that it can raise, for each of its constraints, too.
ERRORS: dict[str, dict[str, tuple[str, ...]]] = {
    'int': {
        '': ('int_type', 'int_from_float', 'int_parsing_size'),
        'gt': ('greater_than',),
        'ge': ('greater_than_equal',),
        'lt': ('less_than',),
        'le': ('less_than_equal',),
    },
    'float': {
        '': ('float_type', 'finite_number'),
        'allow_inf_nan': ('finite_number',),
        'gt': ('greater_than',),
        'ge': ('greater_than_equal',),
        'lt': ('less_than',),
        'le': ('less_than_equal',),
    },
    'bool': {'': ('bool_type',)},
    'str': {
        '': ('string_type',),
        'min_length': ('string_too_short',),
        'max_length': ('string_too_long',),
    },
    'tuple': {
        '': ('tuple_type', 'missing', 'too_long'),
        'min_length': ('too_short',),
        'max_length': ('too_long',),
        'variadic_item_index': (),
        'items_schema': (),
    },
    'dict': {'': ('dict_type',), 'keys_schema': (), 'values_schema': ()},
    'literal': {'': ('literal_error',), 'expected': ()},
    'dataclass': {'': ('dataclass_type',)},
    'dataclass-args': {'': ('missing', 'unexpected_keyword_argument')},
    'dataclass-field': {'': ()},
    'nullable': {'': ()},
    'union': {'': ()},
    'default': {'': ()},
    'definitions': {'': ()},
    'definition-ref': {'': ()},
    'function-after': {'': ('value_error',)},
    'function-before': {'': ('value_error',)},
    'with-info': {'': ()},
    'no-info': {'': ()},
}
WITHOUT_CONSTRAINTS = ('int', 'float', 'bool', 'str', 'tuple', 'dict', 'literal')
RAW = re.compile(
    r'Input should|should (have|match|be)|Value error|pydantic|ArgsKwargs|valid (int|num|str|bool|'
    r'tuple|dict|list)|\[type=|pattern|\^|further information|instance of|another kind'
)
LINE = re.compile(r'file: .*(given .*accepted: |missing|unknown|accepted: )', re.DOTALL)
BAD: tuple[Any, ...] = (
    *(None, True, 0, -1, 0.5, 10**30, 1e300, math.nan),
    *('', 'x y', '\ud800', [], [1], ['a', 2], {}, {'a': 1}, [[]]),
)


def nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield all nodes of a schema of the validation library."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get('type'), str):
            yield schema
        for key, inner in schema.items():
            if key not in ('metadata', 'serialization', 'config', 'cls', 'default'):
                yield from nodes(inner)
    elif isinstance(schema, list | tuple):
        for inner in schema:
            yield from nodes(inner)


@pytest.mark.parametrize('schema', SCHEMAS, ids=lambda item: item.__name__)
def test_every_error_that_a_schema_can_raise_has_words(schema: type) -> None:
    found = 0
    for node in nodes(TypeAdapter(schema).core_schema):
        known = ERRORS[node['type']]
        raised = set(known[''])
        if node['type'] in WITHOUT_CONSTRAINTS:
            for key in node.keys() - {'type', 'metadata', 'serialization', 'ref', 'strict'}:
                raised |= set(known[key])
        assert raised <= KNOWN, node
        found += len(raised)
    assert found > 5


def contents() -> Iterator[tuple[type, dict[str, Any]]]:
    """Yield shipped files, whose every value is spoilt in turn."""
    folder = config_folder()
    for name in ('arm', 'quadruped'):
        yield RobotDescription, read_yaml(folder / 'robots' / f'{name}.yaml')
    yield Algorithm, read_yaml(folder / 'algorithms' / 'tqc.yaml')
    yield DemoDescription, read_yaml(folder / 'demos' / 'pendulum.yaml')
    yield AgentParameters, {'robot': 'arm'}


def spoilt(schema: Any, content: Any) -> Iterator[Any]:
    """Yield copies of a content with one bad value each, also for keys that it does not have."""
    fields = {item.name for item in dataclasses.fields(schema)}
    for place in [*places(content), *((name,) for name in fields - content.keys())]:
        for bad in BAD:
            other = copy.deepcopy(content)
            above = other
            for part in place[:-1]:
                above = above[part]
            above[place[-1]] = bad
            yield other


def places(content: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the places of all values in a content."""
    inner = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in inner:
        yield (key,)
        if isinstance(value, dict | list):
            yield from ((key, *rest) for rest in places(value))


def test_no_raw_text_reaches_a_user() -> None:
    refused = 0
    for schema, content in contents():
        for other in spoilt(schema, content):
            try:
                build(schema, other, 'file')
            except ConfigurationError as error:
                refused += 1
                for line in str(error).splitlines():
                    assert not RAW.search(line), (line, json.dumps(other))
                    assert LINE.match(line), (line, json.dumps(other))
    assert refused > 1000


@pytest.mark.parametrize(
    ('change', 'line'),
    [
        (
            {'action': {'joints': []}},
            'action.joints: given []; accepted: a list of 1 or more',
        ),
        ({'name': 'my arm'}, "name: given 'my arm'; accepted: a letter, then letters, digits"),
        ({'observation': 3}, 'observation: given 3; accepted: a list'),
        ({'rate_hz': 'fast'}, "rate_hz: given 'fast'; accepted: a number"),
        ({'episode_steps': 2.5}, 'episode_steps: given 2.5; accepted: a whole number'),
        ({'task': 'reach'}, "task: given 'reach'; accepted: a mapping of keys to values"),
        (
            {'action': {'constants': {'layout.data_offset': {}}}},
            'action.constants: layout.data_offset: given {}; accepted: a number, true, false or',
        ),
        (
            {'safety': {'limits': [{'name': 'a', 'observation': 'hand', 'low': []}]}},
            'safety.limits.0.low: given []; accepted: a list of 1 or more',
        ),
    ],
)
def test_the_words(change: dict[str, Any], line: str) -> None:
    content = read_yaml(config_folder() / 'robots' / 'arm.yaml')
    for key, value in change.items():
        content[key] = {**content.get(key, {}), **value} if isinstance(value, dict) else value
    with pytest.raises(ConfigurationError) as caught:
        build(RobotDescription, content, 'file')
    assert f'file: {line}' in str(caught.value).splitlines()[0]


def test_half_a_character_is_named() -> None:
    content = read_yaml(config_folder() / 'robots' / 'arm.yaml')
    content['observation'][1]['unit'] = 'a\ud800'
    with pytest.raises(ConfigurationError) as caught:
        build(RobotDescription, content, 'file')
    assert str(caught.value) == (
        "file: observation.1.unit: given 'a\\ud800'; accepted: characters of Unicode"
    )


def test_a_value_that_fits_no_member_of_a_union_is_one_mistake() -> None:
    @dataclasses.dataclass
    class Either:
        value: int | str

    with pytest.raises(ConfigurationError) as caught:
        build(Either, {'value': []}, 'file')
    assert str(caught.value) == 'file: value: given []; accepted: a whole number or a text'


def test_a_list_of_fixed_length_says_how_long() -> None:
    content = read_yaml(config_folder() / 'robots' / 'arm.yaml')
    for bounds, said in (([1.0], '2'), ([], '2'), ([1, 2, 3], 'up to 2')):
        content['observation'][0]['bounds'] = bounds
        with pytest.raises(ConfigurationError) as caught:
            build(RobotDescription, content, 'file')
        line = f'file: observation.0.bounds: given {bounds}; accepted: a list of {said}'
        assert str(caught.value).splitlines()[0] == line
