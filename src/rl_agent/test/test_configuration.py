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

"""Mistakes in files are named: where, which key, what was given, what is accepted."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
import pytest
from rl_agent.configuration import build, config_folder, find_file, load, read_yaml
from rl_agent.errors import ConfigurationError, RlError

_STRICT = ConfigDict(extra='forbid', allow_inf_nan=False)


@dataclass(frozen=True, config=_STRICT)
class Wheel:
    """A part."""

    radius_m: Annotated[float, Field(gt=0)]
    side: Literal['left', 'right'] = 'left'


@dataclass(frozen=True, config=_STRICT)
class Camera:
    """An optional part."""

    rate_hz: int


@dataclass(frozen=True, config=_STRICT)
class Vehicle:
    """A schema with all there is: numbers, text, lists, mappings, an optional part."""

    name: str
    wheels: tuple[Wheel, ...] = ()
    axles: dict[str, Wheel] | None = None
    camera: Camera | None = None
    doors: Annotated[int, Field(ge=0, le=5)] = 4


def mistakes(content: dict[str, object]) -> list[str]:
    """Return the lines of the error that this content gives."""
    with pytest.raises(ConfigurationError) as caught:
        build(Vehicle, content, 'car.yaml')
    return str(caught.value).split('\n')


def write(folder: Path, text: str) -> Path:
    path = folder / 'car.yaml'
    path.write_text(text, encoding='utf-8')
    return path


def test_a_file_states_only_what_differs(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'name: beetle\nwheels:\n- {radius_m: 0.3}\n- {radius_m: 1, side: right}'
    )
    expected = Vehicle('beetle', (Wheel(0.3, 'left'), Wheel(1.0, 'right')), None, None, 4)
    assert load(Vehicle, path) == expected


def test_overrides_replace_keys_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'name: beetle\ndoors: 2')
    assert load(Vehicle, path, {'doors': 3}) == Vehicle('beetle', doors=3)


def test_an_override_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 'name: beetle')
    with pytest.raises(
        ConfigurationError, match='doors: given 6; accepted: less than or equal to'
    ):
        load(Vehicle, path, {'doors': 6})


def test_configuration_errors_are_expected_errors() -> None:
    assert issubclass(ConfigurationError, RlError)


@pytest.mark.parametrize(
    ('content', 'line'),
    [
        (
            {'name': 'a', 'wheel': []},
            "car.yaml: wheel: unknown key (did you mean 'wheels'?);"
            ' accepted: axles, camera, doors, name, wheels',
        ),
        (
            {'name': 'a', 'xyzzy': 1},
            'car.yaml: xyzzy: unknown key; accepted: axles, camera, doors, name, wheels',
        ),
        (
            {'name': 'a', 'wheels': [{'radius_m': 1}, {'radius_m': 1, 'radios': 2}]},
            "car.yaml: wheels.1.radios: unknown key (did you mean 'radius_m'?);"
            ' accepted: radius_m, side',
        ),
        (
            {'name': 'a', 'axles': {'front': {'radius_m': 1, 'sid': 'left'}}},
            "car.yaml: axles.front.sid: unknown key (did you mean 'side'?);"
            ' accepted: radius_m, side',
        ),
        (
            {'name': 'a', 'camera': {'rate_hz': 3, 'rate': 3}},
            "car.yaml: camera.rate: unknown key (did you mean 'rate_hz'?); accepted: rate_hz",
        ),
    ],
    ids=['suggestion', 'no suggestion', 'in a list', 'in a mapping', 'in an optional part'],
)
def test_an_unknown_key_is_named_with_those_there_are(
    content: dict[str, object], line: str
) -> None:
    assert mistakes(content) == [line]


@pytest.mark.parametrize(
    ('content', 'line'),
    [
        ({}, 'car.yaml: name: missing; this key is required'),
        (
            {'name': 'a', 'camera': {}},
            'car.yaml: camera.rate_hz: missing; this key is required',
        ),
        (
            {'name': 'a', 'doors': 6},
            'car.yaml: doors: given 6; accepted: less than or equal to 5',
        ),
        (
            {'name': 'a', 'wheels': [{'radius_m': -0.5}]},
            'car.yaml: wheels.0.radius_m: given -0.5; accepted: greater than 0',
        ),
        (
            {'name': 'a', 'wheels': [{'radius_m': 1, 'side': 'top'}]},
            "car.yaml: wheels.0.side: given 'top'; accepted: 'left' or 'right'",
        ),
        (
            {'name': 'a', 'wheels': [{'radius_m': float('nan')}]},
            'car.yaml: wheels.0.radius_m: given nan; accepted: a finite number',
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(
    content: dict[str, object], line: str
) -> None:
    assert mistakes(content) == [line]


def test_all_mistakes_come_at_once() -> None:
    content: dict[str, object] = {
        'name': 3,
        'wheels': [{'radius_m': 'big'}, {'side': 'left'}],
        'door': 1,
        'doors': -1,
    }
    lines = mistakes(content)
    assert len(lines) == 5
    for beginning in (
        'car.yaml: name: given 3; accepted: ',
        "car.yaml: wheels.0.radius_m: given 'big'; accepted: ",
        'car.yaml: wheels.1.radius_m: missing',
        'car.yaml: door: unknown key',
        'car.yaml: doors: given -1; accepted: ',
    ):
        assert sum(line.startswith(beginning) for line in lines) == 1, (beginning, lines)


def test_a_long_value_is_cut() -> None:
    (line,) = mistakes({'name': 'a', 'doors': 'x' * 500})
    assert len(line) < 160
    assert "given 'xxxx" in line


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    assert read_yaml(write(tmp_path, '# nothing\n')) == {}


@pytest.mark.parametrize('text', ['name: [1, 2', 'a: b: c', '\tname: x', "name: 'open"])
def test_what_is_not_yaml_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(Vehicle, path)
    assert str(caught.value).startswith(f'{path}: not valid YAML: ')
    assert '\n' not in str(caught.value)


def test_yaml_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 'name: !!python/object/apply:os.getcwd []')
    with pytest.raises(ConfigurationError, match='not valid YAML'):
        load(Vehicle, path)


@pytest.mark.parametrize(('text', 'kind'), [('- 1\n- 2', 'list'), ('hello', 'str'), ('3', 'int')])
def test_what_is_not_a_mapping_is_refused(tmp_path: Path, text: str, kind: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(Vehicle, path)
    assert str(caught.value) == f'{path}: given {kind}, accepted: a mapping of keys to values'


def test_keys_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 'name: a\n3: b')
    with pytest.raises(ConfigurationError, match=r'car\.yaml: 3: '):
        load(Vehicle, path)


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'car.yaml'
    path.write_bytes(b'name: \xff\xfe')
    with pytest.raises(ConfigurationError, match=r'car\.yaml: cannot be read'):
        load(Vehicle, path)


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match='cannot be read'):
        read_yaml(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'missing\.yaml: no such file'):
        find_file('robots', str(tmp_path / 'missing.yaml'))


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, 'name: a')
    assert find_file('robots', str(path)) == path


def test_a_name_is_looked_up_in_its_folder() -> None:
    assert find_file('robots', 'pendulum') == config_folder() / 'robots' / 'pendulum.yaml'


def test_a_workspace_keeps_its_configuration_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace with this project in `src` may have a folder of that name for its own."""
    (tmp_path / 'src' / 'rl').mkdir(parents=True)
    (tmp_path / 'config' / 'robots').mkdir(parents=True)
    installed = tmp_path / 'install' / 'rl_agent'
    ours = installed / 'share' / 'rl_agent' / 'config'
    (ours / 'robots').mkdir(parents=True)
    module = installed / 'lib' / 'python3.12' / 'site-packages' / 'rl_agent'
    file = module / 'system' / 'configuration_files.py'
    monkeypatch.setattr('rl_agent.system.configuration_files.__file__', str(file))
    assert config_folder() == ours


def test_a_source_folder_has_its_own_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it was copied out of the repository, next to nothing else."""
    (tmp_path / 'rl_agent' / 'system').mkdir(parents=True)
    (tmp_path / 'config' / 'robots').mkdir(parents=True)
    (tmp_path / 'package.xml').touch()
    file = tmp_path / 'rl_agent' / 'system' / 'configuration_files.py'
    monkeypatch.setattr('rl_agent.system.configuration_files.__file__', str(file))
    assert config_folder() == tmp_path / 'config'


def test_an_unknown_name_lists_the_names_there_are() -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_file('robots', 'pendulun')
    text = str(caught.value)
    assert text.startswith("robot: given 'pendulun' (did you mean 'pendulum'?); accepted: ")
    names = sorted(path.stem for path in (config_folder() / 'robots').glob('*.yaml'))
    assert ', '.join(names) in text
    assert '\n' not in text


@pytest.mark.parametrize('given', ['true', "'20'", '[20]', 'null'])
def test_what_is_no_number_is_not_taken_for_one(tmp_path: Path, given: str) -> None:
    @dataclass(frozen=True)
    class Rate:
        rate_hz: float

    file = tmp_path / 'rate.yaml'
    file.write_text(f'rate_hz: {given}\n')
    with pytest.raises(ConfigurationError, match=r'rate_hz: given .*; accepted: a number'):
        load(Rate, file)
