# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What keys cost: sending and receiving a batch and a policy, signed and unsigned, in one process.

Each is the whole work on a message at one end, without DDS: what the agent does for a batch, what
the bridge does with it until it may be journaled, what the learner does for a policy, and what the
agent does with it until it may act. Signed and unsigned messages take turns.
"""

import argparse
from collections.abc import Callable
import json
from statistics import median
import time

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from rich.console import Console
from rich.table import Table
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.ros_policy_message import message_to_policy, policy_to_message
from rl_agent.security.fleet_key import FleetKeys, new_fleet_key, TRANSITIONS
from rl_agent.security.policy_signature import new_private_key, SigningKey, TrustedKeys
from rl_agent.transport.ros_batch_message import batch_to_message
from rl_agent.transport.spool import SpooledBatch
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import RecordLayout
from rl_learner.journal.batch_codec import decode, stored
from rl_msgs.msg import Policy as PolicyMessage

OBSERVATION, ACTION = 46, 12
WHAT = {
    'batch_3': 'batch of 3 transitions, as at 50 Hz',
    'batch_100': 'batch of 100 transitions',
    'policy': 'policy of 256-256',
}
Work = Callable[[], object]


def batch_ends(count: int) -> tuple[dict[str, Work], dict[str, Work]]:
    """Return the work of sending and of receiving a batch, unsigned and signed."""
    keys = FleetKeys([new_fleet_key()])
    records = np.zeros(count, RecordLayout(OBSERVATION, ACTION).dtype)
    batch = SpooledBatch('a' * 32, 1, 1, records)
    sender = Sender('robot_1', 'a' * 32, '0123456789abcdef')

    def send() -> bytes:
        return bytes(serialize_message(batch_to_message(batch, sender)))

    plain = send()
    signed = keys.seal(plain, TRANSITIONS)

    def receive(data: bytes) -> bytes:
        return stored(data, decode(data))

    def receive_signed() -> bytes:
        keys.check(signed, TRANSITIONS)
        return receive(signed)

    return (
        {'unsigned': send, 'signed': lambda: keys.seal(send(), TRANSITIONS)},
        {'unsigned': lambda: receive(plain), 'signed': receive_signed},
    )


def policy_ends() -> tuple[dict[str, Work], dict[str, Work]]:
    """Return the work of sending and of receiving a policy, unsigned and signed."""
    private = new_private_key()
    key, trusted = SigningKey(private), TrustedKeys([private.public_key()])
    architecture = PolicyArchitecture(OBSERVATION, ACTION, (256, 256))
    numbers = np.full(architecture.num_parameters, 0.01, np.float32)
    parameters = PolicyParameters(architecture, numbers, version=1)

    def send() -> bytes:
        return bytes(serialize_message(policy_to_message(parameters)))

    plain = send()
    signed = key.seal(plain)

    def receive(data: bytes) -> Policy:
        return Policy(message_to_policy(deserialize_message(data, PolicyMessage)))

    def receive_signed() -> Policy:
        trusted.check(signed)
        return receive(signed)

    return (
        {'unsigned': send, 'signed': lambda: key.seal(send())},
        {'unsigned': lambda: receive(plain), 'signed': receive_signed},
    )


def measure(work: dict[str, Work], repeats: int) -> dict[str, float]:
    """Return the median time of each kind of work in microseconds; the kinds take turns."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, do in work.items():
            begun_s = time.perf_counter()
            do()
            times[name].append(1e6 * (time.perf_counter() - begun_s))
    return {name: median(values) for name, values in times.items()}


def main() -> None:
    """Measure, print a table, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeats', type=int, default=2000, help='of each; default: %(default)d')
    repeats = parser.parse_args().repeats
    ends = {'batch_3': batch_ends(3), 'batch_100': batch_ends(100), 'policy': policy_ends()}
    table = Table('message', 'end', 'unsigned, us', 'signed, us', 'more, us', 'ratio')
    result: dict[str, dict[str, float]] = {}
    for name, both in ends.items():
        result[name] = {}
        for end, work in zip(('send', 'receive'), both, strict=True):
            measure(work, repeats // 10)
            times = measure(work, repeats)
            ratio = times['signed'] / times['unsigned']
            more = times['signed'] - times['unsigned']
            numbers = [f'{value:.1f}' for value in (*times.values(), more)]
            table.add_row(WHAT[name], end, *numbers, f'{ratio:.2f}')
            result[name][f'{end}_us'] = round(times['signed'], 2)
            result[name][f'{end}_unsigned_us'] = round(times['unsigned'], 2)
            result[name][f'{end}_ratio_to_unsigned'] = round(ratio, 3)
    Console(width=120).print(table)
    print(json.dumps(result))


if __name__ == '__main__':
    main()
