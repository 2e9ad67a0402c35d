# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""The ROS parameters of the learner machine's nodes: learner, replay bridge, recorder."""

from dataclasses import dataclass
from typing import Literal

from rl_agent.bringup.parameters import autostart_parameter, parameter, robot_parameter
from rl_learner.bringup.devices import MOST_DEVICES


@dataclass(frozen=True)
class RunParameters:
    """ROS parameters of every node that takes part in a run."""

    robot: str = robot_parameter()
    algorithm: str = parameter('default', 'name of an algorithm, or the path of its YAML file')
    run_folder: str = parameter(
        'runs/run', 'folder of experience, checkpoints and policy; training continues from them'
    )


@dataclass(frozen=True)
class _ReplayParameters(RunParameters):
    """ROS parameters of the two nodes that use the Reverb server."""

    replay_port: int = parameter(8000, 'TCP port of the Reverb server', ge=1024, le=65535)


@dataclass(frozen=True)
class LearnerParameters(_ReplayParameters):
    """ROS parameters of the learner."""

    seed: int = parameter(0, 'seed of networks and sampling', ge=0)
    device: Literal['auto', 'cpu', 'cuda'] = parameter(
        'auto', 'device of the updates; auto: a GPU if one works'
    )
    devices: int = parameter(
        1,
        'processes of this machine that train together, each with a GPU of its own, or a share of'
        ' the CPU; see docs/scale.md',
        ge=1,
        le=MOST_DEVICES,
    )
    threads: int = parameter(
        0, 'CPU threads of an update; 0: those that are fastest', ge=0, le=256
    )
    warmup: int = parameter(-1, "transitions before training; -1: the algorithm's own", ge=-1)
    updates_to_data: float = parameter(
        0.0, "critic updates per transition; 0: the algorithm's own", ge=0.0, le=1000.0
    )
    signing_key: str = parameter(
        '', 'file of the key that signs policies, see rl_keys; empty: they are not signed'
    )
    publish_period_s: float = parameter(
        0.2, 'minimum time between two policies', ge=0.01, le=60.0, live=True
    )
    checkpoint_period_s: float = parameter(
        60.0, 'time between two checkpoints', ge=1.0, le=86400.0, live=True
    )
    status_rate_hz: float = parameter(1.0, 'rate of the learner_status topic', ge=0.1, le=100.0)
    autostart: bool = autostart_parameter()


@dataclass(frozen=True)
class ReplayBridgeParameters(_ReplayParameters):
    """ROS parameters of the replay bridge."""

    fleet_key: str = parameter(
        '',
        'file of the key that robots and replay bridge share, see rl_keys; empty: transitions of'
        ' any sender are stored',
    )
    commit_period_s: float = parameter(
        0.1, 'minimum time between two writes to the disk', ge=0.0, le=10.0
    )
    journal_file_mb: float = parameter(
        64.0, 'size at which the next file begins', ge=0.01, le=100_000.0
    )
    journal_keep_gb: float = parameter(
        50.0,
        'size from which the oldest files are deleted, but never what replay holds; 0: keep all',
        ge=0.0,
        le=1e6,
    )
    demonstrations_only: bool = parameter(
        False,
        'store everything as demonstrations, whoever chose the actions, and feed no learner; for'
        ' rl_demonstrate',
    )
    demonstrations_keep_gb: float = parameter(
        0.0,
        'size of the demonstrations from which the oldest files are deleted; 0: keep all',
        ge=0.0,
        le=1e6,
    )


@dataclass(frozen=True)
class RecorderParameters(RunParameters):
    """ROS parameters of the recorder."""

    run_folder: str = parameter(
        RunParameters.run_folder, "the learner's; files go into its tensorboard folder"
    )
    period_s: float = parameter(5.0, 'time between two points of a curve', ge=0.1, le=600.0)
    step_robots: int = parameter(
        4,
        'robots whose single steps are read, for the parts of the reward; costs time with a large'
        ' fleet',
        ge=0,
    )
    autostart: bool = autostart_parameter()
