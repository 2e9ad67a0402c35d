# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Inputs that once did harm, here or in other software, built from the seeds of a target.

Those that `make fuzz` found are files in `corpus/`.
"""

from array import array
from collections.abc import Callable
import dataclasses
import math

from batches import make_batch, ONE
from case_inputs import (
    all_ones,
    batch_numbered,
    batch_with,
    BOMB,
    broken_chain,
    checkpoint_with,
    elsewhere,
    empty_batch,
    exactly,
    far_seal,
    first_half,
    flipped_bit,
    GARBAGE_MCAP,
    impossible_numbers,
    index_beyond_64_bits,
    large_robot,
    large_whole_number,
    long_path,
    negative_number,
    onnx_with,
    policy_with,
    promising_array,
    serialised,
    spool_with,
    STEP,
    without_numbers,
    without_type,
)
from door import Door
from judgement import Kind
from rl_learner.journal.batch_codec import encode
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, Step, TransitionAck


@dataclasses.dataclass(frozen=True)
class KnownCase:
    """An input with its right answer.

    Attributes:
        target: that it is given to.
        name: what is wrong.
        answer: the right one.
        make: returns the input; takes the target's door.
    """

    target: str
    name: str
    answer: Kind
    make: Callable[[Door], bytes]


KNOWN_CASES = (
    # policies: sizes that overflow, endless layers, a deviation without reciprocal
    KnownCase(
        'policy_message',
        'sizes whose product wraps in 64 bits',
        'refused',
        policy_with(
            hidden_sizes=array('I', [2**32 - 1, 2**32 - 6, 1, 3]), parameters=array('f', [0.0] * 4)
        ),
    ),
    KnownCase(
        'policy_message',
        '100,000 layers',
        'refused',
        policy_with(hidden_sizes=array('I', [1] * 100_000)),
    ),
    KnownCase(
        'policy_message',
        'deviation 1e-45',
        'refused',
        policy_with(
            observation_mean=array('f', [0.0] * 3), observation_std=array('f', [1.0, 1e-45, 1.0])
        ),
    ),
    KnownCase('signed_policy', 'unsigned version 2**63', 'refused', policy_with(version=2**63)),
    # transitions and acknowledgements
    KnownCase('transition_batch', 'reward NaN', 'refused', batch_with('reward', math.nan)),
    KnownCase('transition_batch', 'reward 3e38', 'refused', batch_with('reward', 3e38)),
    KnownCase('transition_batch', 'action 1e30', 'refused', batch_with('action', 1e30)),
    KnownCase('transition_batch', 'oldest 0', 'refused', batch_numbered(5, 0, 1)),
    KnownCase('transition_batch', 'empty, far ahead', 'refused', batch_numbered(10**6, 10**6, 0)),
    KnownCase('transition_batch', 'beyond 2**63', 'refused', batch_numbered(2**63 - 2, 1, 3)),
    KnownCase(
        'sealed_batch',
        'without code',
        'refused',
        lambda door: encode(make_batch(11, 3, sender=ONE)),
    ),
    KnownCase(
        'acknowledgement',
        'never sent',
        'refused',
        serialised(TransitionAck(robot='r', session='s', sequence=2**63)),
    ),
    # files
    KnownCase('journal', 'flipped bit', 'taken', flipped_bit),
    KnownCase('checkpoint', 'flipped bit', 'refused', flipped_bit),
    KnownCase('robot_yaml', 'alias within itself', 'refused', exactly(b'a: &a [*a]')),
    KnownCase('robot_yaml', 'alias bomb', 'refused', exactly(BOMB.encode())),
    KnownCase('robot_yaml', 'depth 20,000', 'refused', exactly(b'a: ' + b'[' * 20_000)),
    KnownCase('replay_json', 'no object', 'refused', exactly(b'[1, 2]')),
    KnownCase('run_json', 'depth 100,000', 'refused', exactly(b'[' * 100_000)),
    # listeners
    KnownCase('agent_status', 'lengths', 'refused', serialised(AgentStatus(event_names=['a']))),
    KnownCase(
        'step', 'lengths', 'refused', serialised(Step(**{**STEP, 'action_wanted': [0.1, 0.2]}))
    ),
    KnownCase(
        'learner_status', 'lengths', 'refused', serialised(LearnerStatus(metric_names=['x']))
    ),
    KnownCase('episode', 'infinite', 'refused', serialised(Episode(episode_return=math.inf))),
    KnownCase('episode', '4 billion steps', 'refused', serialised(Episode(steps=4_000_000_000))),
    # found by `make fuzz`
    KnownCase('bridge_json', 'negative', 'refused', exactly(b'{"journal_keep_gb": -1}')),
    KnownCase(
        'bridge_json', 'no float', 'refused', exactly(b'{"journal_keep_gb": 1%s}' % (b'0' * 400))
    ),
    KnownCase(
        'demo_json',
        'list as name',
        'refused',
        exactly(
            b'{"robot": "pendulum", "algorithm": ["sac"], "seed": 1, "robots": 2, "steps": 5}'
        ),
    ),
    KnownCase('policy_file', 'whole number 10**30', 'taken', large_whole_number),
    KnownCase(
        'gazebo_world',
        'unknown encoding',
        'refused',
        exactly(b'<?xml version="1.0" encoding="foo"?><sdf/>'),
    ),
    KnownCase(
        'episodes_csv',
        'other columns',
        'refused',
        exactly(b'robot,episode,total_steps,steps,episode_return,evaluation,x\r\n'),
    ),
    KnownCase(
        'gazebo_model',
        'file elsewhere',
        'refused',
        exactly(b'<model><sdf>a/../model.sdf</sdf><author></author></model>'),
    ),
    KnownCase('gazebo_world', 'long path', 'taken', long_path),
    KnownCase('journal', 'negative number', 'refused', negative_number),
    KnownCase('robot_yaml', 'index beyond 64 bits', 'refused', index_beyond_64_bits),
    KnownCase('policy_versions', 'negative', 'refused', exactly(b'-9223372036854775809')),
    KnownCase('journal', 'empty batch', 'taken', empty_batch),
    KnownCase('journal', 'impossible numbers', 'taken', impossible_numbers),
    KnownCase('journal', 'broken chain at its end', 'taken', broken_chain),
    KnownCase('journal', 'seal far ahead', 'taken', far_seal),
    KnownCase('spool', 'slots 2**62', 'taken', spool_with(16, (2**62).to_bytes(8, 'little'))),
    KnownCase('spool', 'oldest 2**64 - 1', 'taken', spool_with(24, b'\xff' * 8)),
    KnownCase('spool', 'oldest 2**62 - 1', 'taken', spool_with(24, b'\xff' * 7 + b'\x3f')),
    KnownCase(
        'checkpoint_content',
        'no networks',
        'refused',
        checkpoint_with(lambda state: state.clear()),
    ),
    KnownCase(
        'checkpoint_content',
        'random state no tensor',
        'refused',
        checkpoint_with(lambda state: state['update'].update(random_state=3)),
    ),
    KnownCase(
        'checkpoint_content',
        'not finite',
        'refused',
        checkpoint_with(lambda state: state['update']['networks']['actor'].fill_(math.nan)),
    ),
    KnownCase(
        'torchscript',
        'zip of a later version',
        'refused',
        lambda door: door.seeds[0].replace(b'PK\1\2\0\0\0\0', b'PK\1\2\0\0\x5b\0'),
    ),
    KnownCase('onnx', 'shape without numbers', 'refused', onnx_with(without_numbers)),
    KnownCase('bag_of_robot_topics', 'no message', 'taken', exactly(b's\0\1\0\0\xff\xff')),
    KnownCase(
        'robot_yaml',
        '3000 mistakes',
        'refused',
        exactly(b'observation: [%s]' % b', '.join([b'{x: 1}'] * 3000)),
    ),
    # ros2/rmw_implementation#174, ros2/rmw_fastrtps#828: lengths of 2**32 - 1 end a node
    KnownCase('policy_message', 'all bytes 255', 'refused', all_ones),
    KnownCase('transition_batch', 'all bytes 255', 'refused', all_ones),
    KnownCase('acknowledgement', 'all bytes 255', 'taken', all_ones),  # of another robot
    KnownCase('agent_status', 'all bytes 255', 'refused', all_ones),
    KnownCase('quadruped_topics', 'all bytes 255', 'refused', lambda door: b'\0' + all_ones(door)),
    # ros2/rcl#553 and #815: a description without its structure aborts the process
    KnownCase('robot_yaml', 'three colons', 'refused', exactly(b'malformed:::\n')),
    KnownCase('robot_yaml', 'one number', 'refused', exactly(b'joints: 17\n')),
    # foxglove/mcap#1198 and #1220: garbage and truncated files ask for exabytes
    KnownCase('bag_mcap', 'garbage', 'refused', exactly(GARBAGE_MCAP)),
    KnownCase('bag_mcap', 'truncated', 'refused', first_half),
    KnownCase('journal', 'garbage', 'refused', exactly(GARBAGE_MCAP)),
    # keras-team/keras#23016: a header promises far more than the file has
    KnownCase('policy_file', 'array of 36 GB', 'refused', promising_array),
    KnownCase('policy_file', 'robot of 100 MB', 'refused', large_robot),
    # microsoft/onnxruntime#4349: a type is missing; onnx/onnx#7717: a constant in another file
    KnownCase('onnx', 'no type', 'refused', onnx_with(without_type)),
    KnownCase('onnx', 'constant elsewhere', 'refused', onnx_with(elsewhere)),
    # pytorch/pytorch#74798, ultralytics/ultralytics#25428: truncated and empty models
    KnownCase('checkpoint', 'truncated', 'refused', first_half),
    KnownCase('checkpoint', 'empty', 'refused', exactly(b'')),
    KnownCase('checkpoint_content', 'truncated', 'refused', first_half),
    KnownCase('torchscript', 'truncated', 'refused', first_half),
)
