# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The wire of rl_msgs: types change only on purpose, constants are the words that nodes say."""

import ast
import json
from pathlib import Path
import re

import pytest
from rl_agent.control import agent
from rl_agent.robot_interface.ros_reset import WAITING_FOR_PERSON
from rl_agent.safety.safety_state import OK
import rl_msgs

# A message of another type does not arrive, and bags of it do not play: who changes one of these
# names it in the changelog of rl_msgs, with what becomes of fleets of both versions.
HASHES = {
    'AgentStatus': '1fa8279c0dd0be8063872b9c7d9c7af8571f2232239aea052a9f8be7d4059010',
    'Episode': '7da90ed155787f7f849b7111d5067bc782f576ffbbccf689051fa3631f629115',
    'LearnerStatus': '9ff25657dcf15f2dd42d607804d8facca2e856abd321386e44532dd24c3d253b',
    'Policy': 'c92a0fd4c5c36ed4b9f4e56842a9a74247871739b29ce8328a24ec1747ac4997',
    'Randomisation': 'cec107ed360a160ac959bac9a187d5186027db12795d9ac05991ab8e2179c9d2',
    'ReplayStatus': 'da3438936edafb4cf88bd8847cdd13e7feef68202d31861a8a1b0bab91b186ac',
    'Step': '22823a1a815ea2d8516c2cb06502f814250b168e5a3db9fdf7f6f356115ab48e',
    'TransitionAck': 'd7640f676b0863bd0b3e620b90f8e2e3b15c65c249e7a76c98b2fd272796db3a',
    'TransitionBatch': '64e21b09a673958f7c93402c468c7c465091b633d3ae7c47b829683a94c24276',
}
CONSTANT = re.compile(r'^string ([A-Z_]+)="(.*)"', re.MULTILINE)
AGENT = {
    'STATE_CONFIGURED': 'configured',
    'STATE_WAITING': agent.WAITING,
    'STATE_EXPLORING': agent.EXPLORING,
    'STATE_EVALUATING': agent.EVALUATING,
    'STATE_HELD': agent.HELD,
    'STATE_STOPPED': agent.STOPPED,
    'STATE_FINISHED': agent.FINISHED.partition(':')[0],
    'SAFETY_OK': OK,
}
# message to the files that set its state
SOURCES = {
    'AgentStatus': (
        'rl_agent/rl_agent/control/agent.py',
        'rl_agent/rl_agent/safety/safety_state.py',
    ),
    'LearnerStatus': ('rl_learner/rl_learner/training/learner.py',),
    'ReplayStatus': (
        'rl_learner/rl_learner/nodes/replay_bridge_node.py',
        'rl_learner/rl_learner/replay/feeder.py',
    ),
}


def constants(workspace: Path, name: str) -> dict[str, str]:
    """Return the text constants in the file of a message."""
    text = (workspace / 'src' / 'rl_msgs' / 'msg' / f'{name}.msg').read_text(encoding='utf-8')
    return dict(CONSTANT.findall(text))


def texts(path: Path) -> set[str]:
    """Return the texts in a module, those in f-strings without what is inserted."""
    nodes = ast.walk(ast.parse(path.read_text(encoding='utf-8')))
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize('name', HASHES)
def test_the_type_of_a_message_changes_on_purpose_only(name: str) -> None:
    prefix = Path(rl_msgs.__file__).parents[4]
    file = prefix / 'share' / 'rl_msgs' / 'msg' / f'{name}.json'
    described = json.loads(file.read_text(encoding='utf-8'))
    hashes = {item['type_name']: item['hash_string'] for item in described['type_hashes']}
    assert hashes[f'rl_msgs/msg/{name}'] == f'RIHS01_{HASHES[name]}'


def test_every_message_is_listed(workspace: Path) -> None:
    assert {path.stem for path in workspace.glob('src/rl_msgs/msg/*.msg')} == set(HASHES)


def test_the_agent_says_what_its_constants_say(workspace: Path) -> None:
    assert constants(workspace, 'AgentStatus') == AGENT
    assert WAITING_FOR_PERSON.startswith(AGENT['STATE_WAITING'])


@pytest.mark.parametrize('name', SOURCES)
def test_constants_are_words_in_the_code(workspace: Path, name: str) -> None:
    said = {text for file in SOURCES[name] for text in texts(workspace / 'src' / file)}
    for word in constants(workspace, name).values():
        assert any(text.startswith(word) for text in said), word
