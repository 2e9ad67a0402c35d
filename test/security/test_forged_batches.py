# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Forged batches at a bridge process that has a key; a whole fleet that has all of them."""

import dataclasses
from pathlib import Path
import time

from batches import make_batch, ONE
from fleet import Listener, running
from rclpy.serialization import deserialize_message
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    POLICY,
    POLICY_QOS,
    REPLAY_STATUS,
    STATUS_QOS,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_OFFERED_QOS,
)
from rl_agent.security.fleet_key import ACKNOWLEDGEMENT, FleetKeys
from rl_agent.security.fleet_key import TRANSITIONS as TRANSITIONS_MESSAGE
from rl_agent.security.key_folder import make_keys
from rl_agent.security.policy_signature import TrustedKeys
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, Policy, ReplayStatus, TransitionAck, TransitionBatch
from small_learner import pendulum_simulation

SECOND_NS = 1_000_000_000
TIMEOUT_S = 60.0


def test_only_batches_with_a_code_are_stored(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """C2 and C3: forged numbers would make the bridge lose what the robot sends later."""
    make_keys(tmp_path / 'keys')
    make_keys(tmp_path / 'foreign')
    keys = FleetKeys.load(tmp_path / 'keys' / 'fleet_key.txt')
    foreign = FleetKeys.load(tmp_path / 'foreign' / 'fleet_key.txt')
    bridge, _ = learner_nodes(
        'pendulum',
        'default',
        free_port(),
        run_folder=str(tmp_path / 'run'),
        fleet_key=str(tmp_path / 'keys' / 'fleet_key.txt'),
    )
    listener = Listener({REPLAY_STATUS: (ReplayStatus, STATUS_QOS)})
    acks: list[bytes] = []
    listener.node.create_subscription(TransitionAck, TRANSITIONS_ACK, acks.append, 10, raw=True)
    batches = listener.node.create_publisher(TransitionBatch, TRANSITIONS, TRANSITIONS_OFFERED_QOS)
    statuses = listener.heard[REPLAY_STATUS]
    far = encode(make_batch(10**6, 1, oldest=10**6))
    changed = bytearray(keys.seal(far, TRANSITIONS_MESSAGE))
    changed[100] ^= 1
    forged = [
        far,
        encode(dataclasses.replace(make_batch(10**6, 0), oldest_sequence=10**6)),
        encode(make_batch(1, 1, oldest=0)),
        foreign.seal(far, TRANSITIONS_MESSAGE),
        keys.seal(far, ACKNOWLEDGEMENT),
        bytes(changed),
        b'\x00\x01\x00\x00',
    ]
    with running([bridge], ros_environment, tmp_path) as processes:
        listener.until(
            lambda: batches.get_subscription_count() > 0 and bool(statuses), TIMEOUT_S, 'bridge'
        )
        for number, data in enumerate(forged, 1):
            batches.publish(data)
            listener.until(
                lambda number=number: statuses[-1].batches_refused == number,  # type: ignore[misc]
                TIMEOUT_S,
                f'refusal {number}',
            )
        assert (statuses[-1].transitions_journaled, statuses[-1].transitions_lost) == (0, 0)
        batches.publish(keys.seal(encode(make_batch(1, 3)), TRANSITIONS_MESSAGE))
        listener.until(lambda: bool(acks), TIMEOUT_S, 'acknowledgement')
        processes['replay_bridge'].ask_to_end()
        listener.until(lambda: processes['replay_bridge'].exit_code is not None, TIMEOUT_S, 'end')
    listener.close()
    keys.check(acks[-1], ACKNOWLEDGEMENT)
    ack = deserialize_message(acks[-1], TransitionAck)
    assert (ack.robot, ack.session, ack.sequence) == (ONE.robot, ONE.session, 3)
    stored = list(read_journal(tmp_path / 'run' / EXPERIENCE))
    assert [value for batch in stored for value in batch.columns['reward']] == [1.0, 2.0, 3.0]


def test_a_fleet_with_keys_learns(ros_environment: dict[str, str], tmp_path: Path) -> None:
    """Learner, bridge, recorder, a simulated robot and its agent, all with their keys."""
    keys = tmp_path / 'keys'
    make_keys(keys)
    specs = pendulum_simulation(
        tmp_path,
        max_steps=300,
        warmup=100,
        trusted_keys=str(keys / 'trusted_keys.pem'),
        fleet_key=str(keys / 'fleet_key.txt'),
        signing_key=str(keys / 'signing_key.pem'),
    )
    listener = Listener({f'/robot_1/{AGENT_STATUS}': (AgentStatus, STATUS_QOS)})
    policies: list[bytes] = []
    listener.node.create_subscription(Policy, POLICY, policies.append, POLICY_QOS, raw=True)
    heard = listener.heard[f'/robot_1/{AGENT_STATUS}']
    with running(specs, ros_environment, tmp_path):
        listener.until(
            lambda: bool(heard) and heard[-1].transitions_acknowledged == 300, 100.0, 'all stored'
        )
    listener.close()
    assert heard[-1].policies_accepted > 3
    assert heard[-1].policies_rejected == 0
    trusted = TrustedKeys.load(keys / 'trusted_keys.pem')
    for data in policies:
        trusted.check(data)
    messages = [deserialize_message(data, Policy) for data in policies]
    assert {message.run for message in messages} == {messages[0].learner_session}
    for message in messages:
        assert abs(message.signed_ns - time.time_ns()) < 300 * SECOND_NS
