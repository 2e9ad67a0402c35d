# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What the documentation says of files and keys is so."""

import importlib.util
from pathlib import Path
import re
from typing import Any

import pytest
from rl_agent.ros_robot_description import load_ros_robot

LINK = re.compile(r'\]\(([^)#:]+)(?:#[^)]*)?\)')
YAML = re.compile(r'```yaml\n(.*?)```', re.DOTALL)


def test_every_key_of_a_robot_description_is_documented(workspace: Path) -> None:
    path = workspace / 'tools' / 'describe_keys.py'
    spec = importlib.util.spec_from_file_location('describe_keys', path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FILE.read_text() == module.document(), 'run tools/describe_keys.py'


def test_the_description_of_the_guide_is_right(workspace: Path, tmp_path: Path) -> None:
    text = (workspace / 'docs' / 'connect_your_robot.md').read_text()
    examples = [block for block in YAML.findall(text) if block.startswith('# my_arm.yaml')]
    assert len(examples) == 1
    (tmp_path / 'my_arm.yaml').write_text(examples[0])
    assert load_ros_robot(str(tmp_path / 'my_arm.yaml')).name == 'my_arm'


@pytest.mark.parametrize(
    'name',
    ['README.md', 'docs/connect_your_robot.md', 'docs/robot_description.md', 'docs/topics.md'],
)
def test_links_lead_somewhere(workspace: Path, name: str) -> None:
    path = workspace / name
    for target in LINK.findall(path.read_text()):
        assert (path.parent / target).exists(), target
