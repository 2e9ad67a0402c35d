# Copyright 2026 The rl_agent authors
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

"""The ROS parameters of the robot's nodes: agent, simulated robot, robot in Gazebo."""

from dataclasses import dataclass

from rl_agent.bringup.parameters import autostart_parameter, parameter, robot_parameter
from rl_agent.system.folders import default_spool_folder


@dataclass(frozen=True)
class AgentParameters:
    """ROS parameters of the agent."""

    robot: str = robot_parameter()
    robot_id: str = parameter('', 'unique name in the fleet; empty: the namespace, or `robot`')
    prefix: str = parameter(
        '',
        "takes the place of {prefix} in names of joints and frames, as in 'left_'; robots with"
        ' another one learn the same policy',
    )
    seed: int = parameter(0, 'seed of the exploration noise', ge=0)
    explore: bool = parameter(
        True, 'add exploration noise; false: every episode is deterministic', live=True
    )
    noise_hold: int = parameter(
        1,
        'steps for which exploration noise is held at most, n steps with probability ~ 1 / n^2; 1:'
        ' new noise at each step; not for gsde, which holds its own',
        ge=1,
        le=1000,
    )
    autostart: bool = autostart_parameter()
    max_steps: int = parameter(
        0, 'stop after this many control steps; 0: no limit', ge=0, live=True
    )
    end_after_max_steps: bool = parameter(
        False, 'end the process after max_steps; false: stand still and go on reporting'
    )
    only_successes: bool = parameter(
        False,
        'discard every episode that does not end with success; then transitions leave the robot'
        ' when their episode has ended',
    )
    max_episodes: int = parameter(
        0, 'log the return of each episode, end after this many episodes; 0: no limit', ge=0
    )
    max_steps_ahead: int = parameter(
        0,
        'simulation only: hold simulated time back while the learner is this many transitions'
        ' behind, and each evaluation until it has used all of them; 0: never wait',
        ge=0,
    )
    robot_timeout_s: float = parameter(
        10.0, 'a robot that is silent for this long is an error', gt=0
    )
    send_period_s: float = parameter(
        0.05, 'time between two batches of transitions', ge=0.001, le=1.0
    )
    spool_folder: str = parameter(
        str(default_spool_folder()),
        'keeps transitions that were not acknowledged for the next start; empty: in memory only',
    )
    policy: str = parameter('', 'policy file to start with; empty: wait for the learner')
    trusted_keys: str = parameter(
        '',
        'file of the public keys whose policies are obeyed, see rl_keys; empty: policies of any'
        ' sender are',
    )
    policy_max_age_s: float = parameter(
        0.0,
        'with trusted_keys: oldest policy that is obeyed, since it was signed, by the clocks of'
        ' both machines; 0: any age',
        ge=0.0,
    )
    fleet_key: str = parameter(
        '',
        'file of the key that robots and replay bridge share, see rl_keys; empty: acknowledgements'
        ' of any sender count',
    )
    max_action_share: float = parameter(
        0.25,
        'largest share of the control period that a policy may take for one action in real time; a'
        ' slower one is refused; above 0, at most 1',
        gt=0,
        le=1.0,
    )
    action_scale: float = parameter(
        1.0,
        'shrinks the action box about its default pose; above 0, at most 1',
        gt=0,
        le=1.0,
    )
    slew_scale: float = parameter(
        1.0, 'reduces the slew limit of the description; above 0, at most 1', gt=0, le=1.0
    )
    realtime_priority: int = parameter(
        60,
        'priority of the control thread under SCHED_FIFO, if permitted; 0: ordinary scheduling',
        ge=0,
        le=99,
    )
    control_cpu: int = parameter(-1, 'processor of the control thread; -1: any', ge=-1, le=1023)
    keep_awake: bool = parameter(
        False,
        'keep the processor of the control thread busy, so that it never has to wake up: steadier'
        ' timing for more power; only with control_cpu',
    )

    def __post_init__(self) -> None:
        """Refuse to keep a processor awake that is not named, and an age that nobody signs."""
        if self.keep_awake and self.control_cpu < 0:
            raise ValueError(
                'keep_awake: given true without control_cpu; accepted: with control_cpu, a'
                ' processor that nothing else needs'
            )
        if self.policy_max_age_s and not self.trusted_keys:
            raise ValueError(
                f'policy_max_age_s: given {self.policy_max_age_s:g} without trusted_keys;'
                ' accepted: with trusted_keys, as only a signature says when a policy was made'
            )


@dataclass(frozen=True)
class SimulatedRobotParameters:
    """ROS parameters of the simulated robot."""

    robot: str = robot_parameter()
    seed: int = parameter(0, 'seed of the starting states', ge=0)
    real_time: bool = parameter(
        False, 'time passes by itself, as on a real robot; false: with each command'
    )


@dataclass(frozen=True)
class SimulatedFleetParameters:
    """ROS parameters of simulated robots with their agents in one process."""

    robot: str = robot_parameter()
    robots: int = parameter(1, 'how many; in the namespaces robot_1, robot_2, ...', ge=1, le=256)
    seed: int = parameter(0, 'seed of starting states and exploration noise', ge=0)
    max_steps: int = parameter(
        0, 'stop after this many steps of all robots together; 0: no limit', ge=0
    )
    max_steps_ahead: int = parameter(
        0, 'transitions that simulated time may run ahead of training; 0: no limit', ge=0
    )


@dataclass(frozen=True)
class MarkersParameters:
    """ROS parameters of the markers for RViz."""

    robot: str = robot_parameter()
    prefix: str = parameter('', "as the agent's")
    frame: str = parameter('base_link', 'frame of the robot, above which its actions are drawn')
    goal_frame: str = parameter('', 'frame in which the goal is given, as odom; empty: `frame`')
    height_m: float = parameter(
        0.6, 'height of the actions above the origin of `frame`, m', ge=0.0, le=100.0
    )
    width_m: float = parameter(
        0.5, 'length of the bar of an action, from -1 to +1, m', gt=0.0, le=100.0
    )
    rate_hz: float = parameter(10.0, 'most markers a second', gt=0.0, le=100.0)
    autostart: bool = autostart_parameter()


@dataclass(frozen=True)
class KeyboardHandParameters:
    """ROS parameters of the keyboard that stands for a joystick."""

    dead_man: int = parameter(
        4, 'button that space switches on and off, as `teleop.dead_man`', ge=0, le=11
    )
    size: float = parameter(1.0, 'of an axis whose key is held; + and - change it', gt=0, le=1)
    first_s: float = parameter(
        0.6,
        'how long a key counts as held after its first press: longer than the delay after which'
        ' the terminal repeats it',
        gt=0,
        le=5,
    )
    repeat_s: float = parameter(
        0.15, 'the same after each repeat: longer than the time between two of them', gt=0, le=5
    )
    idle_s: float = parameter(10.0, 'give back after this long without a key', gt=0, le=3600)
    autostart: bool = autostart_parameter()


@dataclass(frozen=True)
class ScriptedPersonParameters:
    """ROS parameters of the scripted person at a joystick."""

    robot: str = robot_parameter()
    takes_over: bool = parameter(
        False, 'watch, and take over where the robot is stuck; false: drive all the time'
    )
    tool: str = parameter('tool', 'observation field with the position of the tool from its goal')
    delay_steps: int = parameter(2, 'steps of the robot from seeing to acting', ge=0, le=100)
    seed: int = parameter(0, 'of everything random', ge=0)
    autostart: bool = autostart_parameter()


@dataclass(frozen=True)
class GazeboRobotParameters:
    """ROS parameters of the robot in Gazebo."""

    robot: str = robot_parameter()
    world: str = parameter('', 'name of the world, as in its SDF file')
    lockstep: bool = parameter(
        True, 'time passes only when a command comes; false: it runs freely'
    )
    bridge: str = parameter('', 'bridge file to compare with the robot; empty: no comparison')
    step_s: float = parameter(0.001, 'physics step of the world, for lockstep', gt=0, le=1)
    settle_s: float = parameter(
        0.0,
        'simulated time between a reset and the start of its episode; 1 for the quadruped',
        ge=0,
        le=60,
    )
    shake_s: float = parameter(
        0.0,
        'simulated time of random commands after a reset, for varied starts; 2 for the pendulum',
        ge=0,
        le=60,
    )
    seed: int = parameter(0, 'seed of the random commands', ge=0)
    timeout_s: float = parameter(
        20.0, 'a simulation that is silent for this long is an error', gt=0
    )
    command_lead_s: float = parameter(
        0.005, 'from sending a command to stepping: it has to arrive', ge=0, le=1
    )
