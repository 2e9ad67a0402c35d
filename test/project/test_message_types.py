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
from rl_agent.teaching import hand_state
import rl_msgs

# A message of another type does not arrive, and bags of it do not play: who changes one of these
# names it in the changelog of rl_msgs, with what becomes of fleets of both versions.
HASHES = {
    'AgentStatus': '21c35d1545af8e358cb76f5848201e35d89d7c6188dc9b710c927e97779d99a7',
    'Episode': '6af6bc13dcbb2390dd856402c91bb904bf23fbc216695a4dacd3251151bbdb1a',
    'ImagePolicy': '579bf70515db0108c696ba2b3f2b3d3264d64d1089fe7af7c774a8e29f8a9f3b',
    'LearnerStatus': '6ca79599e3ce1184b625eccb805226e6d39f0f6f921569f11f63a22477030935',
    'Policy': 'c92a0fd4c5c36ed4b9f4e56842a9a74247871739b29ce8328a24ec1747ac4997',
    'Randomisation': 'cec107ed360a160ac959bac9a187d5186027db12795d9ac05991ab8e2179c9d2',
    'ReplayStatus': 'da3438936edafb4cf88bd8847cdd13e7feef68202d31861a8a1b0bab91b186ac',
    'Step': '670716c6b105a3a3f67767e0e7ced163e9585ae457d55686779e9ba160097d76',
    'TaskState': '7915ac38afd615ebab08152b1edb9e05634a8fa3a773486160d5a120adb2e664',
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
    'STATE_PAUSED': agent.PAUSED,
    'HAND_NONE': hand_state.NONE,
    'HAND_SILENT': hand_state.SILENT,
    'HAND_IDLE': hand_state.IDLE,
    'HAND_DRIVING': hand_state.DRIVING,
    'HAND_REFUSED': hand_state.REFUSED,
    'SAFETY_OK': OK,
}
# message to the files that set its state
SOURCES = {
    'AgentStatus': (
        'rl_agent/rl_agent/control/agent.py',
        'rl_agent/rl_agent/safety/safety_state.py',
        'rl_agent/rl_agent/teaching/hand_state.py',
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
