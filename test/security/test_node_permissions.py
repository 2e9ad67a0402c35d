# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The SROS 2 policy allows each node exactly what it opens.

The Fast DDS of the wheels is built without DDS Security, so that the policy cannot be enforced
here. What is compared is what it would be enforced on.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.util import find_spec
import os
from pathlib import Path
import xml.etree.ElementTree as ElementTree

from fleet import Listener, running
import pytest
from rl_agent.bringup.node_specs import agent, gazebo_robot, simulated_robot
from rl_agent.ros.ros_topics import AGENT_STATUS, STATUS_QOS
from rl_msgs.msg import AgentStatus
from small_learner import pendulum_simulation

WITHIN_S = 90.0
REAL = 'real'  # namespace of the robot in real time, `robot_1` in the policy
# `ros_gz_interfaces` is not among the wheels: another type under the same name of the service
STAND_IN = 'from std_srvs.srv import Trigger as ControlWorld\n'
# enclave to the node that it is for
NODES = {
    '/learner_machine/learner': ('/', 'learner'),
    '/learner_machine/replay_bridge': ('/', 'replay_bridge'),
    '/learner_machine/recorder': ('/', 'recorder'),
    '/robot_1/agent': (f'/{REAL}', 'agent'),
    '/simulation/robot_1/agent': ('/robot_1', 'agent'),
    '/simulation/robot_1/simulated_robot': ('/robot_1', 'simulated_robot'),
    '/gazebo/gazebo_robot': ('/', 'gazebo_robot'),
}
Access = dict[str, set[str]]  # kind of access to full names


def permissions(workspace: Path) -> dict[str, Access]:
    """Return what each enclave may do, by the policy file."""
    root = ElementTree.parse(workspace / 'config' / 'security' / 'policy.xml').getroot()
    assert root.get('version') == '0.2.0'
    found = {}
    for enclave in root.iterfind('enclaves/enclave'):
        (profile,) = enclave.iterfind('profiles/profile')
        access: Access = {'publish': set(), 'subscribe': set(), 'reply': set(), 'request': set()}
        for group in profile:
            ((kind, rule),) = group.items()
            assert rule == 'ALLOW'
            names = {full_name(profile, item.text or '') for item in group}
            assert len(names) == len(group), f'{enclave.get("path")}: a name stands twice'
            if kind == 'execute':
                access['publish'] |= parts(names, 'feedback', 'status')
                access['reply'] |= parts(names, 'send_goal', 'cancel_goal', 'get_result')
                continue
            assert not access[kind]
            access[kind] = names
        found[enclave.get('path') or ''] = access
    return found


def parts(actions: set[str], *names: str) -> set[str]:
    """Return topics or services that actions consist of."""
    return {f'{action}/_action/{name}' for action in actions for name in names}


def full_name(profile: ElementTree.Element, name: str) -> str:
    """Return the full name that SROS 2 makes of one in a profile."""
    namespace = (profile.get('ns') or '').rstrip('/')
    if name.startswith('/'):
        return name
    if name.startswith('~'):
        return f'{namespace}/{profile.get("node")}{name[1:]}'
    return f'{namespace}/{name}'


def opened(listener: Listener, namespace: str, name: str) -> Access:
    """Return what a node has opened, by what everybody on the network sees."""
    node = listener.node
    if (name, namespace) not in node.get_node_names_and_namespaces():
        return {}
    seen = {
        'publish': node.get_publisher_names_and_types_by_node(name, namespace),
        'subscribe': node.get_subscriber_names_and_types_by_node(name, namespace),
        'reply': node.get_service_names_and_types_by_node(name, namespace),
        'request': node.get_client_names_and_types_by_node(name, namespace),
    }
    return {
        kind: {item.replace(f'/{REAL}/', '/robot_1/') for item, _ in names}
        for kind, names in seen.items()
    }


def differences(allowed: Access, access: Access) -> list[str]:
    """Return what is opened but not allowed, and what is allowed but not opened."""
    lines = []
    for kind, patterns in allowed.items():
        names = access.get(kind, set())
        lines += [
            f'{kind} {name}: not allowed'
            for name in names
            if not any(fnmatchcase(name, pattern) for pattern in patterns)
        ]
        lines += [
            f'{kind} {pattern}: allowed, but not opened'
            for pattern in patterns
            if not any(fnmatchcase(name, pattern) for name in names)
        ]
    return sorted(lines)


@pytest.fixture(scope='module')
def fleet(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    """Yield a listener while all nodes run and robots move."""
    folder: Path = tmp_path_factory.mktemp('permissions')
    if find_spec('ros_gz_interfaces') is None:
        package = folder / 'stand_in' / 'ros_gz_interfaces'
        package.mkdir(parents=True)
        (package / '__init__.py').touch()
        (package / 'srv.py').write_text(STAND_IN)
        path = os.pathsep.join([str(package.parent), ros_environment.get('PYTHONPATH', '')])
        ros_environment = {**ros_environment, 'PYTHONPATH': path.rstrip(os.pathsep)}
    specs = pendulum_simulation(folder, max_steps=100_000, warmup=100_000)
    specs += [
        simulated_robot('pendulum', REAL, real_time=True),
        agent('pendulum', REAL, robot_timeout_s=60.0, spool_folder=''),
        gazebo_robot('pendulum', 'pendulum_world', timeout_s=300.0),
    ]
    topics = [f'/{namespace}/{AGENT_STATUS}' for namespace in ('robot_1', REAL)]
    listener = Listener(dict.fromkeys(topics, (AgentStatus, STATUS_QOS)))
    with running(specs, ros_environment, folder):
        for topic in topics:
            listener.until(
                lambda topic=topic: any(status.steps > 50 for status in listener.heard[topic]),  # type: ignore[misc]
                WITHIN_S,
                f'steps of {topic}',
            )
        yield listener
    listener.close()


@pytest.mark.parametrize('enclave', list(NODES))
def test_a_node_opens_exactly_what_the_policy_allows(
    fleet: Listener, workspace: Path, enclave: str
) -> None:
    allowed = permissions(workspace)[enclave]

    def compare() -> list[str]:
        return differences(allowed, opened(fleet, *NODES[enclave]))

    try:
        fleet.until(lambda: not compare(), WITHIN_S / 3, enclave)
    except AssertionError:
        assert compare() == []


def test_every_enclave_is_compared(workspace: Path) -> None:
    assert permissions(workspace).keys() == NODES.keys()


def test_nobody_but_the_learner_publishes_policies(workspace: Path) -> None:
    """And nobody but agents transitions, nobody but the bridge acknowledgements."""
    publishers = {
        topic: {
            enclave.rpartition('/')[2]
            for enclave, access in permissions(workspace).items()
            if topic in access['publish']
        }
        for topic in ('/policy', '/transitions', '/transitions_ack')
    }
    assert publishers == {
        '/policy': {'learner'},
        '/transitions': {'agent'},
        '/transitions_ack': {'replay_bridge'},
    }


def test_a_difference_is_seen() -> None:
    """Of both kinds, with a wildcard too."""
    allowed = {'publish': {'/a', '/*/step'}, 'subscribe': set[str]()}
    assert differences(allowed, {'publish': {'/a', '/r/step', '/q/step'}}) == []
    assert differences(allowed, {'publish': {'/a', '/b'}, 'subscribe': {'/c'}}) == [
        'publish /*/step: allowed, but not opened',
        'publish /b: not allowed',
        'subscribe /c: not allowed',
    ]
