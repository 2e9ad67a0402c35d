# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Every door that is fuzzed, by name; `make fuzz` and the tests take them from here.

The shares follow the cost of an input: a message takes a fraction of a millisecond, a model file
several milliseconds.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from batch_doors import AcknowledgementDoor, BatchDoor
from camera_doors import CameraDoor
from description_doors import (
    configurations,
    ModelDoor,
    read_algorithm,
    read_bridge,
    read_demo,
    read_robot,
    robots_of_installed_types,
    WorldDoor,
    YamlDoor,
)
from door import Door, Target
from hand_doors import HandDoor
from key_doors import fleet_key_door, signing_key_door, trusted_keys_door
from listener_doors import ListenerDoor, SensorDoor
from model_doors import CheckpointDoor, OnnxDoor, TorchScriptDoor
from policy_doors import ImagePolicyDoor, PolicyFileDoor, PolicyMessageDoor
from recording_doors import BagDoor, MetadataDoor, RawDoor
from rl_agent.configuration import config_folder
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, ReplayStatus, Step
from run_doors import FILES, RunFileDoor
from storage_doors import JournalDoor, SpoolDoor


def _run_file(name: str) -> Callable[[Path], Door]:
    return lambda folder: RunFileDoor(folder, *FILES[name])


def _yaml(kind: str, read: Callable[[Path], None]) -> Callable[[Path], Door]:
    return lambda folder: YamlDoor(folder, configurations(kind), read)


def _robot_yaml(folder: Path) -> Door:
    return YamlDoor(folder, robots_of_installed_types(), read_robot)


def _bridge_yaml(folder: Path) -> Door:
    return YamlDoor(folder, [config_folder() / 'worlds' / 'bridge_pendulum.yaml'], read_bridge)


TARGETS = (
    # messages to a robot
    Target('policy_message', PolicyMessageDoor, 100_000),
    Target('signed_policy', partial(PolicyMessageDoor, signed=True), 40_000),
    Target('image_policy', ImagePolicyDoor, 40_000),
    Target('acknowledgement', AcknowledgementDoor, 80_000),
    Target('sealed_acknowledgement', partial(AcknowledgementDoor, sealed=True), 20_000),
    Target('pendulum_topics', partial(SensorDoor, robot='pendulum'), 40_000),
    Target('quadruped_topics', partial(SensorDoor, robot='quadruped'), 40_000),
    Target('camera', CameraDoor, 40_000),
    Target('hand', HandDoor, 40_000),
    # messages to the learner machine
    Target('transition_batch', BatchDoor, 150_000),
    Target('sealed_batch', partial(BatchDoor, sealed=True), 40_000),
    Target('agent_status', partial(ListenerDoor, kind=AgentStatus), 40_000),
    Target('step', partial(ListenerDoor, kind=Step), 40_000),
    Target('episode', partial(ListenerDoor, kind=Episode), 40_000),
    Target('learner_status', partial(ListenerDoor, kind=LearnerStatus), 40_000),
    Target('replay_status', partial(ListenerDoor, kind=ReplayStatus), 40_000),
    # descriptions that people write
    Target('robot_yaml', _robot_yaml, 25_000),
    Target('algorithm_yaml', _yaml('algorithms', read_algorithm), 30_000),
    Target('demo_yaml', _yaml('demos', read_demo), 15_000),
    Target('gazebo_bridge_yaml', _bridge_yaml, 10_000),
    Target('gazebo_world', WorldDoor, 20_000),
    Target('gazebo_model', ModelDoor, 20_000),
    # files of a run, a robot and a fleet
    *(
        Target(name, _run_file(name), share)
        for name, share in (
            ('run_json', 15_000),
            ('replay_json', 20_000),
            ('bridge_json', 20_000),
            ('demo_json', 20_000),
            ('episodes_csv', 15_000),
            ('learner_lock', 10_000),
            ('policy_versions', 10_000),
        )
    ),
    Target('journal', JournalDoor, 12_000),
    Target('spool', SpoolDoor, 12_000),
    Target('signing_key', signing_key_door, 10_000),
    Target('trusted_keys', trusted_keys_door, 10_000),
    Target('fleet_key', fleet_key_door, 10_000),
    # models and recordings
    Target('policy_file', PolicyFileDoor, 25_000),
    Target('checkpoint', partial(CheckpointDoor, whole=False), 4_000),
    Target('checkpoint_content', partial(CheckpointDoor, whole=True), 4_000),
    Target('onnx', OnnxDoor, 6_000),
    Target('torchscript', TorchScriptDoor, 1_000),
    Target('bag_mcap', partial(BagDoor, kind='MCAP'), 3_000),
    Target('bag_sqlite', partial(BagDoor, kind='SQLITE3'), 1_500),
    Target('bag_metadata', MetadataDoor, 1_500),
    Target('bag_of_robot_topics', RawDoor, 1_000),
)
