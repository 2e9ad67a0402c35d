# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Forged policies and acknowledgements at an agent process that has keys."""

from collections.abc import Iterator
import dataclasses
from pathlib import Path
import time
from typing import Any

from fleet import running
from live_robot import live_robot, LiveRobot
import pytest
from rclpy.serialization import serialize_message
from rl_agent.errors import ConfigurationError
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.ros.ros_topics import (
    ACK_QOS,
    POLICY,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_agent.security.fleet_key import ACKNOWLEDGEMENT, FleetKeys
from rl_agent.security.fleet_key import TRANSITIONS as TRANSITIONS_MESSAGE
from rl_agent.security.key_folder import add_keys, make_keys, use_other_keys
from rl_agent.security.policy_signature import SigningKey
from rl_msgs.msg import AgentStatus, TransitionAck, TransitionBatch

SECOND_NS = 1_000_000_000
WANTED = 0.5


class Robot:
    """A robot whose agent trusts two keys, and what an attacker and a learner may send it.

    Attributes:
        live: the robot's topics.
        log: of the agent.
        old: signs with the key that the agent trusted first.
        new: signs with the key that followed it.
        foreign: signs with the attacker's own key.
        fleet: key that the agent shares with the bridge.
        foreign_fleet: the attacker's own one.
        batches: serialised, as the agent sent them.
    """

    def __init__(self, live: LiveRobot, log: Path, keys: Path, foreign: Path) -> None:
        """Load keys; connect to the agent's topics as anybody can."""
        self.live, self.log = live, log
        self.new = SigningKey.load(keys / 'signing_key.pem')
        self.old = SigningKey.load(keys / 'old' / 'signing_key.pem')
        self.foreign = SigningKey.load(foreign / 'signing_key.pem')
        self.fleet = FleetKeys.load(keys / 'fleet_key.txt')
        self.foreign_fleet = FleetKeys.load(foreign / 'fleet_key.txt')
        self.batches: list[bytes] = []
        node = live.node
        self._acks = node.create_publisher(TransitionAck, TRANSITIONS_ACK, ACK_QOS)
        node.create_subscription(
            TransitionBatch, TRANSITIONS, self.batches.append, TRANSITIONS_QOS, raw=True
        )

    def make_policy(self, version: int, *, signed_ns: int = 0, **fields: Any) -> bytes:
        """Return a serialised policy without signature."""
        message = policy_to_message(self.live.policy(WANTED, version, **fields))
        message.run, message.signed_ns = 'run', signed_ns or time.time_ns()
        return bytes(serialize_message(message))

    def publish(self, policy: bytes) -> None:
        """Publish a serialised policy, signed or not."""
        self.live._policies.publish(policy)

    def publish_until(self, policy: bytes, event: str) -> Any:
        """Publish a policy until one more event of its refusal is reported; return the status."""
        before = self.count(event)
        self.publish(policy)
        return self.live.until_status(lambda status: events(status)[event] > before, event)

    def use(self, version: int, key: SigningKey) -> Any:
        """Publish a policy with a good signature; return a status in which it is in use."""
        self.publish(key.seal(self.make_policy(version)))
        return self.live.until_status(
            lambda status: status.policy_version == version, f'policy {version}'
        )

    def acknowledge(self, sequence: int, keys: FleetKeys | None) -> None:
        """Publish an acknowledgement, with a code or without."""
        session = self.live.heard['status'][-1].session
        ack = TransitionAck(robot='forged_upon', session=session, sequence=sequence)
        data = serialize_message(ack)
        self._acks.publish(keys.seal(data, ACKNOWLEDGEMENT) if keys else data)

    def count(self, event: str) -> int:
        """Return how often an event had occurred by the last status."""
        heard = self.live.heard['status']
        return events(heard[-1])[event] if heard else 0

    def said(self, words: str) -> int:
        """Return how many lines of the agent's log have these words."""
        return sum(words in line for line in self.log.read_text().splitlines())


def events(status: AgentStatus) -> 'dict[str, int]':
    """Return the events of a status; 0 for others."""
    found = dict(zip(status.event_names, map(int, status.event_counts), strict=True))
    return _Counts(found)


class _Counts(dict[str, int]):
    """Counts; 0 for what never occurred."""

    def __missing__(self, name: str) -> int:
        return 0


def make_rotated_keys(folder: Path) -> Path:
    """Make a folder of keys that has the second key of each kind in use; return it.

    The one in use before is in its folder `old`.
    """
    make_keys(folder)
    (folder / 'old').mkdir()
    add_keys(folder)
    for name in ('signing_key.pem', 'fleet_key.txt'):
        old = folder / 'old' / name
        old.touch(0o600)
        old.write_bytes((folder / name).read_bytes())
    use_other_keys(folder)
    return folder


@pytest.fixture(scope='module')
def robot(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Robot]:
    """Yield a robot whose agent process was started with keys."""
    folder: Path = tmp_path_factory.mktemp('forged')
    keys, foreign = make_rotated_keys(folder / 'keys'), folder / 'foreign'
    make_keys(foreign)
    with live_robot('/forged', folder) as (live, path):
        spec = dataclasses.replace(
            live.spec,
            parameters={
                'robot': str(path),
                'robot_id': 'forged_upon',
                'explore': False,
                'spool_folder': '',
                'trusted_keys': str(keys / 'trusted_keys.pem'),
                'fleet_key': str(keys / 'fleet_key.txt'),
                'policy_max_age_s': 50.0,
            },
            remappings={POLICY: '/forged/policy'},
        )
        robot = Robot(live, folder / f'{spec.name}.log', keys, foreign)
        with running([spec], ros_environment, folder):
            live.until_status(lambda status: True, 'the first status')
            yield robot


def test_policies_of_others_are_refused_before_the_first_and_counted(robot: Robot) -> None:
    robot.publish_until(robot.make_policy(1), 'policy_refused/signature')
    status = robot.publish_until(
        robot.foreign.seal(robot.make_policy(2**63)), 'policy_refused/signature'
    )
    assert (status.policy_version, status.policies_accepted) == (0, 0)
    assert status.policies_rejected == events(status)['policy_refused/signature'] >= 2
    assert robot.live.commands == []
    assert robot.said('policy_refused/signature: signature: given none; accepted: one of') == 1


def test_no_forgery_displaces_the_policy_of_the_learner(robot: Robot) -> None:
    """Neither in its session nor in another one, whatever the version."""
    robot.use(5, robot.new)
    changed = bytearray(robot.new.seal(robot.make_policy(6)))
    changed[-200] ^= 1
    recorded = robot.new.seal(robot.make_policy(6))
    for forged in (
        robot.make_policy(6),
        robot.make_policy(2**63),
        robot.make_policy(2**64 - 1, learner_session='another'),
        robot.foreign.seal(robot.make_policy(2**63)),
        robot.foreign.seal(robot.make_policy(1, learner_session='another')),
        bytes(changed),
        recorded[:-4],
        b'\x00\x01\x00\x00',
    ):
        status = robot.publish_until(forged, 'policy_refused/signature')
        assert status.policy_version == 5
    assert robot.use(6, robot.new).learner_session == 'test'
    assert robot.said('policy_refused/signature') == 1


def test_a_recorded_policy_of_before_is_refused(robot: Robot) -> None:
    recorded = robot.new.seal(robot.make_policy(robot_version(robot) + 1))
    robot.publish(recorded)
    newest = robot_version(robot) + 3
    robot.use(newest, robot.new)
    status = robot.publish_until(recorded, 'policy_refused/replayed')
    assert status.policy_version == newest
    assert robot.said('policy_refused/replayed') == 1


def robot_version(robot: Robot) -> int:
    """Return the version in use by the last status."""
    return int(robot.live.heard['status'][-1].policy_version)


def test_a_stale_policy_is_refused(robot: Robot) -> None:
    version = robot_version(robot)
    long_ago = time.time_ns() - 3600 * SECOND_NS
    later = time.time_ns() + 3600 * SECOND_NS
    for signed_ns in (long_ago, later):
        status = robot.publish_until(
            robot.new.seal(robot.make_policy(version + 1, signed_ns=signed_ns)),
            'policy_refused/stale',
        )
        assert status.policy_version == version
    robot.use(version + 1, robot.new)


def test_both_keys_of_a_rotation_are_obeyed(robot: Robot) -> None:
    version = robot_version(robot)
    assert robot.old.id != robot.new.id
    robot.use(version + 1, robot.old)
    robot.use(version + 2, robot.new)


def test_only_acknowledgements_with_a_code_count(robot: Robot) -> None:
    """C4: 2**63 from anybody would empty the spool."""
    robot.live.until_status(lambda status: status.transitions_pending > 20, 'some transitions')
    refused = 'acknowledgement_refused'
    for sequence, keys in ((2**63, None), (10, None), (2**63, robot.foreign_fleet)):
        before = robot.count(refused)
        robot.acknowledge(sequence, keys)
        status = robot.live.until_status(
            lambda status, before=before: events(status)[refused] > before,  # type: ignore[misc]
            refused,
        )
        assert status.transitions_acknowledged == 0
        assert status.transitions_pending + 1 >= status.steps
    assert robot.said(f'{refused}: mac: given none; accepted: one made with') == 1
    robot.acknowledge(10, robot.fleet)
    status = robot.live.until_status(lambda status: status.transitions_acknowledged > 0, 'ten')
    assert status.transitions_acknowledged == 10


def test_what_the_agent_sends_carries_the_code(robot: Robot) -> None:
    robot.live.until(lambda: len(robot.batches) > 2, 'batches')
    for data in robot.batches:
        robot.fleet.check(data, TRANSITIONS_MESSAGE)
        with pytest.raises(ConfigurationError):
            robot.foreign_fleet.check(data, TRANSITIONS_MESSAGE)
    assert robot.said('anyone on this network') == 0
