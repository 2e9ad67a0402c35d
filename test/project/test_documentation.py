# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Files, links and keys that the documentation names exist."""

import importlib.util
from pathlib import Path
import re
from types import ModuleType
from typing import Any

import pytest
from rl_agent.robot_interface.ros_robot_description import load_ros_robot

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r'\]\(([^)#:]*)(#[^)]*)?\)')
PYTHON_FILE = re.compile(r'[\w./*-]+\.py\b')
LAUNCH_OF_OTHERS = re.compile(r'ros2 launch (?!rl_)\w+\s+[\w.]+')
HEADING = re.compile(r'^#+ (.*)$', re.MULTILINE)
FLOOR = re.compile(r'^ +[a-z]\d+\[(.*?)\]', re.MULTILINE)
DOCUMENTS = (
    'README.md',
    'CONTRIBUTING.md',
    'QUALITY_DECLARATION.md',
    'SECURITY.md',
    *(f'src/{package}/README.md' for package in ('rl_agent', 'rl_learner', 'rl_msgs')),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'docs').rglob('*.md')),
)
SOURCES = ('bench', 'config', 'launch', 'src', 'test', 'tools')
ROBOTS_OF_OTHERS = {
    path.stem
    for path in (ROOT / 'config' / 'robots').glob('*.yaml')
    if 'docs/robots/' in path.read_text()
}
YAML = re.compile(r'```yaml\n(.*?)```', re.DOTALL)


def load(path: Path) -> ModuleType:
    """Return the module in a file that no package contains."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def links(path: Path) -> set[str]:
    """Return the relative links of a page, without their anchors."""
    return {target for target, _ in LINK.findall(path.read_text())}


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(path.read_text())
    return {re.sub(r'[^\w -]', '', text.lower()).replace(' ', '-') for text in headings}


@pytest.fixture(scope='module')
def python_files() -> list[Path]:
    """Return every Python file of the project."""
    return [path for folder in SOURCES for path in (ROOT / folder).rglob('*.py')]


@pytest.mark.parametrize('name', ['describe_keys', 'describe_parameters'])
def test_generated_pages_are_up_to_date(workspace: Path, name: str) -> None:
    module: Any = load(workspace / 'tools' / f'{name}.py')
    assert module.FILE.read_text() == module.document(), f'run tools/{name}.py'


def test_the_example_description_is_valid(workspace: Path, tmp_path: Path) -> None:
    text = (workspace / 'docs' / 'connect_your_robot.md').read_text()
    examples = [block for block in YAML.findall(text) if block.startswith('# my_arm.yaml')]
    assert len(examples) == 1
    (tmp_path / 'my_arm.yaml').write_text(examples[0])
    assert load_ros_robot(str(tmp_path / 'my_arm.yaml')).name == 'my_arm'


@pytest.mark.parametrize('name', DOCUMENTS)
def test_links_resolve(workspace: Path, name: str) -> None:
    path = workspace / name
    for target, anchor in LINK.findall(path.read_text()):
        if target.startswith('results/'):
            continue  # benchmarks write these
        file = path.parent / target if target else path
        assert file.exists(), target
        if anchor:
            assert anchor[1:] in anchors(file), f'{target}{anchor}'


@pytest.mark.parametrize('name', DOCUMENTS)
def test_python_files_exist(workspace: Path, name: str, python_files: list[Path]) -> None:
    for text in PYTHON_FILE.findall(LAUNCH_OF_OTHERS.sub('', (workspace / name).read_text())):
        relative = text.lstrip('./')
        assert any(path.match(relative) for path in python_files), text


def test_the_readme_links_every_page(workspace: Path) -> None:
    pages = {f'docs/{path.name}' for path in (workspace / 'docs').glob('*.md')}
    assert pages <= links(workspace / 'README.md')


def test_every_page_of_a_robot_is_linked_and_links_its_description(workspace: Path) -> None:
    guide = workspace / 'docs' / 'connect_your_robot.md'
    pages = sorted((workspace / 'docs' / 'robots').glob('*.md'))
    assert {f'robots/{page.name}' for page in pages} <= links(guide)
    described = {target for page in pages for target in links(page) if target.endswith('.yaml')}
    assert {Path(target).stem for target in described} == ROBOTS_OF_OTHERS


def test_the_map_shows_every_room_on_its_floor(workspace: Path) -> None:
    page = workspace / 'docs' / 'architecture.md'
    floors = load(workspace / 'test' / 'project' / 'test_rooms.py').FLOORS
    shown = [
        [room.removesuffix('.py') for room in text.split(' · ')]
        for text in FLOOR.findall(page.read_text())
    ]
    packages = ('rl_learner', 'rl_agent')
    assert shown == [floor.split() for package in packages for floor in floors[package]]
    for package in packages:
        source = workspace / 'src' / package / package
        for room in (room for floor in floors[package] for room in floor.split()):
            if (source / room).is_dir():
                assert f'../src/{package}/{package}/{room}' in links(page)
