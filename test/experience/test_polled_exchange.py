# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Polled acknowledgements and policies, over real DDS."""

from collections.abc import Callable, Iterator
import time

from fleet import Listener, SpinningListener
import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.event_log import EventLog
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.policy.ros_policy_subscriber import PolicySubscriber
from rl_agent.ros.ros_topics import ACK_QOS, POLICY, POLICY_QOS, TRANSITIONS_ACK
from rl_agent.transport.ros_uplink import Uplink
from rl_agent.transport.spool import Spool
from rl_agent.transport.transition import Intervention, Sender, Transition
from rl_msgs.msg import Policy, TransitionAck

WITHIN_S = 20.0
VECTOR = np.zeros(3, np.float32)


@pytest.fixture
def robot(ros_environment: dict[str, str]) -> Iterator[SpinningListener]:
    """Return the robot's end."""
    listener = SpinningListener()
    yield listener
    listener.close()


@pytest.fixture
def learner(ros_environment: dict[str, str]) -> Iterator[Listener]:
    """Return the learner machine's end."""
    listener = Listener({})
    yield listener
    listener.close()


def until(condition: Callable[[], bool], step: Callable[[], None]) -> None:
    """Repeat a step until a condition holds."""
    deadline_s = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline_s
        step()
        time.sleep(0.02)


def sent_spool() -> Spool:
    """Return a spool that has sent ten transitions, none acknowledged."""
    spool = Spool(100, session='s')
    for step in range(10):
        spool.append(
            Transition(
                VECTOR, VECTOR[:1], 0.0, VECTOR, False, False, Intervention.NONE, False,
                policy_version=1, episode=1, step=step, stamp_ns=0,
            )
        )  # fmt: skip
    spool.next_batch(10)
    return spool


def test_own_acknowledgements_are_taken_and_those_of_other_robots_skipped(
    robot: SpinningListener, learner: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = sent_spool()
    decoded: list[bytes] = []

    def decode(data: bytes, kind: type) -> TransitionAck:
        decoded.append(data)
        ack: TransitionAck = deserialize_message(data, kind)
        return ack

    monkeypatch.setattr('rl_agent.transport.ros_uplink.deserialize_message', decode)
    uplink = Uplink(robot.node, spool, Sender('robot_7', 's', 'f'), 0.05, polled=True)
    acks = learner.node.create_publisher(TransitionAck, TRANSITIONS_ACK, ACK_QOS)

    def acknowledge() -> None:
        for number in range(1, 7):
            acks.publish(TransitionAck(robot=f'robot_{number}', session='s', sequence=9))
        acks.publish(TransitionAck(robot='robot_7', session='s', sequence=6))

    def acknowledge_and_exchange() -> None:
        acknowledge()
        uplink.exchange()

    until(lambda: acks.get_subscription_count() > 0, lambda: None)
    acknowledge()
    time.sleep(0.3)
    assert uplink.acknowledged == 0  # the executor took none
    until(lambda: uplink.acknowledged > 0, acknowledge_and_exchange)
    assert uplink.acknowledged == 6
    assert spool.pending == 4
    assert decoded
    assert all(b'robot_7' in data for data in decoded)
    uplink.close()


def test_the_newest_polled_policy_is_accepted_and_a_bad_one_counted(
    robot: SpinningListener, learner: Listener
) -> None:
    spaces = Spaces(load_robot('pendulum'))
    sizes = spaces.observation_size, spaces.action_size
    store = PolicyStore(spaces)
    subscriber = PolicySubscriber(robot.node, store, polled=True)
    policies = learner.node.create_publisher(Policy, POLICY, POLICY_QOS)

    def publish(version: int, activation: str = 'relu') -> None:
        architecture = PolicyArchitecture(*sizes, (8,))
        parameters = PolicyParameters(
            architecture,
            np.full(architecture.num_parameters, float(version), np.float32),
            version=version,
            fingerprint=spaces.fingerprint,
            learner_session='s',
        )
        message = policy_to_message(parameters)
        message.activation = activation
        policies.publish(message)

    for version in (1, 2, 3):
        publish(version)
    time.sleep(0.3)
    assert store.accepted == 0  # the executor took none
    until(lambda: store.newest is not None and store.newest.version == 3, subscriber.poll)
    publish(4, activation='none')
    until(lambda: store.rejected > 0, subscriber.poll)
    newest = store.newest
    assert newest is not None
    assert newest.version == 3
    assert newest.policy.parameters.parameters[0] == 3.0
    subscriber.close()


@pytest.mark.parametrize('polled', [False, True])
def test_messages_of_before_and_broken_ones(
    robot: SpinningListener, learner: Listener, polled: bool
) -> None:
    """A learner machine of before sends no `run`, `signed_ns`, `signature` and `mac`."""
    spaces, events = Spaces(load_robot('pendulum')), EventLog()
    store, spool = PolicyStore(spaces, events), sent_spool()
    receiver = PolicySubscriber(robot.node, store, polled=polled)
    sender = Sender('robot_7', 's', spaces.fingerprint)
    uplink = Uplink(robot.node, spool, sender, 0.05, events=events, polled=polled)
    policies = learner.node.create_publisher(Policy, POLICY, POLICY_QOS)
    acks = learner.node.create_publisher(TransitionAck, TRANSITIONS_ACK, ACK_QOS)
    architecture = PolicyArchitecture(spaces.observation_size, spaces.action_size, (8,))
    numbers = np.arange(architecture.num_parameters, dtype=np.float32)
    parameters = PolicyParameters(
        architecture, numbers, version=3, fingerprint=spaces.fingerprint, learner_session='s'
    )
    policy = bytes(serialize_message(policy_to_message(parameters)))
    policy = policy[: policy.index(numbers.tobytes()) + numbers.nbytes]
    ack = TransitionAck(robot='robot_7', session='s', sequence=6)
    acknowledgement = bytes(serialize_message(ack))[:-4]
    broken = [b'\x00\x01\x00\x00', policy[:-4], acknowledgement[:-1], b'\x00\x01' + b'\xff' * 90]

    def publish() -> None:
        for data in broken:
            policies.publish(data)
            acks.publish(data + b'robot_7')
        policies.publish(policy)
        acks.publish(acknowledgement)

    def publish_and_poll() -> None:
        publish()
        if polled:
            receiver.poll()
            uplink.exchange()

    until(lambda: store.accepted == 1 and uplink.acknowledged == 6, publish_and_poll)
    assert store.newest is not None
    assert store.newest.version == 3
    np.testing.assert_array_equal(store.newest.policy.parameters.parameters, numbers)
    until(lambda: events.counts().get('acknowledgement_refused', 0) > 0, publish_and_poll)
    receiver.close()
    uplink.close()
