# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What the documentation says of files and keys is so."""

import importlib.util
from pathlib import Path
import re
from typing import Any

import pytest
from rl_agent.robot_interface.ros_robot_description import load_ros_robot

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r'\]\(([^)#:]+)(?:#[^)]*)?\)')
# but the one about results that benchmarks write
DOCUMENTS = sorted(
    f'docs/{path.name}' for path in (ROOT / 'docs').glob('*.md') if path.stem != 'benchmarks'
)
YAML = re.compile(r'```yaml\n(.*?)```', re.DOTALL)


@pytest.mark.parametrize('name', ['describe_keys', 'describe_parameters'])
def test_what_is_made_from_the_code_is_up_to_date(workspace: Path, name: str) -> None:
    path = workspace / 'tools' / f'{name}.py'
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FILE.read_text() == module.document(), f'run tools/{name}.py'


def test_the_description_of_the_guide_is_right(workspace: Path, tmp_path: Path) -> None:
    text = (workspace / 'docs' / 'connect_your_robot.md').read_text()
    examples = [block for block in YAML.findall(text) if block.startswith('# my_arm.yaml')]
    assert len(examples) == 1
    (tmp_path / 'my_arm.yaml').write_text(examples[0])
    assert load_ros_robot(str(tmp_path / 'my_arm.yaml')).name == 'my_arm'


@pytest.mark.parametrize(
    'name',
    ['README.md', 'CONTRIBUTING.md', 'QUALITY_DECLARATION.md', *DOCUMENTS],
)
def test_links_lead_somewhere(workspace: Path, name: str) -> None:
    path = workspace / name
    for target in LINK.findall(path.read_text()):
        assert (path.parent / target).exists(), target


def test_the_readme_leads_to_every_page(workspace: Path) -> None:
    linked = set(LINK.findall((workspace / 'README.md').read_text()))
    assert {f'docs/{path.name}' for path in (workspace / 'docs').glob('*.md')} <= linked
