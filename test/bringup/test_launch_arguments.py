# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Launch arguments have the defaults of the nodes' parameters and of the demo."""

from collections.abc import Sequence
import dataclasses
from pathlib import Path
import re
from typing import Any, get_args, get_origin, Literal

import pytest
from rl_agent.bringup.launch_actions import parameters
from rl_agent.bringup.launch_arguments import (
    AGENT,
    check_files,
    EVALUATION_LAUNCH,
    is_started_by,
    LaunchArgument,
    refuse_unknown,
    ROBOT,
    ROBOT_LAUNCH,
    SIMULATED_ROBOT_LAUNCH,
)
from rl_agent.bringup.robot_parameters import AgentParameters
from rl_agent.errors import ConfigurationError
from rl_agent.gazebo.launch_arguments import GAZEBO_LAUNCH
from rl_learner.bringup.launch_arguments import (
    ALGORITHM,
    BRIDGE,
    LEARNER,
    LEARNER_LAUNCH,
    REPLAY_PORT,
    RUN_FOLDER,
    SEED,
    SIMULATION_LAUNCH,
)
from rl_learner.bringup.node_specs import simulation_nodes
from rl_learner.bringup.parameters import LearnerParameters, ReplayBridgeParameters
from rl_learner.demo.demo_description import load_demo
from rl_learner.run.folder import CHECKPOINTS, refuse_to_resume

TABLES = {
    'evaluate': EVALUATION_LAUNCH,
    'gazebo': GAZEBO_LAUNCH,
    'robot': ROBOT_LAUNCH,
    'simulated_robot': SIMULATED_ROBOT_LAUNCH,
    'learner': LEARNER_LAUNCH,
    'simulation': SIMULATION_LAUNCH,
}
STANDARD = ('use_sim_time',)  # a parameter of every node


def field_of(schema: type, name: str) -> tuple[Any, str, tuple[str, ...]]:
    """Return default, description and choices of a node's parameter."""
    (item,) = (field for field in dataclasses.fields(schema) if field.name == name)
    choices = get_args(item.type) if get_origin(item.type) is Literal else ()
    return item.default, item.metadata['description'], choices


@pytest.mark.parametrize(
    ('schema', 'item'),
    [(AgentParameters, item) for item in AGENT if item.name not in STANDARD]
    + [(LearnerParameters, item) for item in (*LEARNER, ALGORITHM, SEED, REPLAY_PORT)]
    + [(ReplayBridgeParameters, item) for item in (*BRIDGE, RUN_FOLDER, ALGORITHM)]
    + [(ReplayBridgeParameters, ALGORITHM)],
    ids=lambda value: getattr(value, 'name', getattr(value, '__name__', None)),
)
def test_an_argument_has_default_description_and_choices_of_its_parameter(
    schema: type, item: LaunchArgument
) -> None:
    default, description, choices = field_of(schema, item.name)
    assert (item.default, item.description, item.accepted) == (default, description, choices)
    assert type(item.default) is type(default)


@pytest.mark.parametrize('schema', [AgentParameters, LearnerParameters, ReplayBridgeParameters])
def test_the_robot_must_be_named(schema: type) -> None:
    default, description, _ = field_of(schema, 'robot')
    assert (default, ROBOT.default) == ('', None)
    assert ROBOT.description == description


def test_the_simulation_has_the_defaults_of_the_demo() -> None:
    demo = load_demo('pendulum')
    table = {item.name: item.default for item in SIMULATION_LAUNCH}
    for name in ('robot', 'max_steps_ahead'):
        assert table[name] == getattr(demo, name)
    assert table['algorithm'] == 'default'  # for every robot, while the demo's is for its own


@pytest.mark.parametrize('table', TABLES.values(), ids=TABLES)
def test_arguments_read_like_help(table: Sequence[LaunchArgument]) -> None:
    names = [item.name for item in table]
    assert len(set(names)) == len(names)
    for item in table:
        # the description starts with two words, not with a unit or a value
        assert re.match(r'[^\d\W]+\W+\w+', item.description), item.name
        assert item.default_text is None or not item.choices or item.default_text in item.choices


@pytest.mark.parametrize(
    ('default', 'text', 'value'),
    [
        (None, 'pendulum', 'pendulum'),
        ('', '3', '3'),
        ('x', "''", ''),
        ('x', '""', ''),
        (0, '3', 3),
        (0.0, '3', 3.0),
        (True, 'false', False),
        (False, 'true', True),
        (False, 'True', True),
        (True, 'False', False),
    ],
)
def test_a_value_has_the_type_of_its_default(default: Any, text: str, value: Any) -> None:
    given = LaunchArgument('key', 'help', default).value(text)
    assert (given, type(given)) == (value, type(value))


@pytest.mark.parametrize(
    ('default', 'text', 'accepted'),
    [
        (0, '3.5', 'a whole number'),
        (0, 'x', 'a whole number'),
        (1.0, 'fast', 'a number'),
        (1.0, 'nan', 'a number'),
        (1.0, '-inf', 'a number'),
    ],
)
def test_a_value_of_another_type_is_refused(default: Any, text: str, accepted: str) -> None:
    with pytest.raises(ConfigurationError, match=f"key: given '{text}'; accepted: {accepted}"):
        LaunchArgument('key', 'help', default).value(text)


def test_both_spellings_of_a_boolean_are_accepted_and_no_others() -> None:
    assert LaunchArgument('key', 'help', True).choices == ('true', 'false', 'True', 'False')


def test_with_a_parameter_file_defaults_are_left_to_it() -> None:
    table = (LaunchArgument('seed', 'help me', 0), LaunchArgument('explore', 'help me', True))
    given = {'seed': 3, 'explore': True}
    assert parameters(table, {**given, 'params_file': 'x.yaml'}) == {'seed': 3}
    assert parameters(table, {**given, 'params_file': ''}) == given


@pytest.mark.parametrize(
    ('given', 'error'),
    [
        ({'robot': 'pendulm'}, "robot: given 'pendulm' (did you mean 'pendulum'?)"),
        ({'algorithm': 'tqx'}, "algorithm: given 'tqx'"),
        ({'robot': 'no/such.yaml'}, 'no/such.yaml: no such file'),
        ({'policy': '/no/x.npz'}, 'policy: given /no/x.npz: no such file'),
        ({'signing_key': '/proc'}, 'signing_key: given /proc: no such file'),
    ],
)
def test_a_name_without_a_file_is_refused(given: dict[str, str], error: str) -> None:
    check_files({'robot': 'pendulum', 'algorithm': 'tqc', 'policy': '', 'seed': 3})
    with pytest.raises(ConfigurationError) as caught:
        check_files(given)
    assert str(caught.value).startswith(error)


def test_an_unknown_argument_is_refused() -> None:
    refuse_unknown(ROBOT_LAUNCH, ['robot:=pendulum', 'action_scale:=0.5', 'policy:=a:=b', 'word'])
    with pytest.raises(ConfigurationError) as caught:
        refuse_unknown(ROBOT_LAUNCH, ['robot:=pendulum', 'action_scal:=0.5'])
    assert str(caught.value).startswith(
        "action_scal: no such argument (did you mean 'action_scale'?); accepted: action_scale, "
    )


@pytest.mark.parametrize(
    ('command', 'started'),
    [
        (['ros2', 'launch', 'rl_agent', 'robot.launch.py', 'robot:=a'], True),
        (['ros2', 'launch', 'launch/robot.launch.py'], True),
        (['ros2', 'launch', 'my_robot', 'robot.launch.py', 'robots:=3'], False),
        (['ros2', 'launch', 'rl_agent', 'evaluate.launch.py'], False),
        ([], False),
    ],
)
def test_a_launch_file_knows_whether_the_command_line_starts_it(
    command: list[str], started: bool, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    assert is_started_by(command, str(workspace / 'launch' / 'robot.launch.py')) == started


def test_robots_of_a_fleet_share_steps_and_have_different_seeds() -> None:
    specs = simulation_nodes(
        'pendulum', 'default', 8000, robots=3, seed=1, max_steps=1000, max_steps_ahead=64
    )
    agents = [spec for spec in specs if spec.executable == 'agent']
    assert [spec.parameters['max_steps'] for spec in agents] == [333, 333, 334]
    assert [spec.namespace for spec in agents] == ['robot_1', 'robot_2', 'robot_3']
    seeds = [spec.parameters['seed'] for spec in specs if 'seed' in spec.parameters]
    assert len(set(seeds)) == len(seeds) == 7


@pytest.mark.parametrize(('max_steps', 'shares'), [(0, [0, 0]), (1, [1, 1])])
def test_a_share_of_0_steps_never_means_no_limit(max_steps: int, shares: list[int]) -> None:
    specs = simulation_nodes(
        'pendulum', 'default', 8000, robots=2, seed=1, max_steps=max_steps, max_steps_ahead=0
    )
    agents = [spec for spec in specs if spec.executable == 'agent']
    assert [spec.parameters['max_steps'] for spec in agents] == shares


def test_resume_false_refuses_a_run_with_checkpoints(tmp_path: Path) -> None:
    refuse_to_resume(tmp_path)
    (tmp_path / CHECKPOINTS).mkdir()
    refuse_to_resume(tmp_path)
    (tmp_path / CHECKPOINTS / 'checkpoint_1.pt').touch()
    with pytest.raises(ConfigurationError, match='resume: given false'):
        refuse_to_resume(tmp_path)
