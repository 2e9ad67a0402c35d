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

"""Any described robot as a Gymnasium environment with its own ROS node.

```python
from rl_agent.ros_env import RosEnv
from stable_baselines3 import SAC

with RosEnv('pendulum') as env:          # needs: ros2 run rl_agent simulated_robot ...
    SAC('MlpPolicy', env).learn(5_000)

with RosEnv('my_arm.yaml', real_time=True) as env:          # a real robot
    ...
```
"""

import contextlib
from functools import partial
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.utilities import try_shutdown
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.event_log import EventLog
from rl_agent.real_time.chore import Chore
from rl_agent.robot_interface.ros_lockstep_robot import LockstepRobot
from rl_agent.robot_interface.ros_realtime_robot import RealtimeRobot
from rl_agent.robot_interface.ros_robot_description import load_fleet_robot
from rl_agent.ros.ros_event_log import log_reports, REPORT_PERIOD_S
from rl_agent.ros.ros_spinning import start_timers
from rl_agent.ros.ros_topics import RESET_SEED
from rl_agent.safety.ros_emergency_stop import EmergencyStop
from rl_agent.safety.safety_state import SafetyState
from rl_agent.teaching.ros_hand import RosHand
from rl_agent.teaching.ros_person import make_hand, make_words
from rl_agent.teaching.ros_words import RosWords

_DISCOVERY_TIMEOUT_S = 5.0
_SEED_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 1.0


class RosEnv(RobotEnv):
    """A robot behind ROS topics, with its own ROS node `rl_env`.

    `reset(seed=...)` seeds the simulated robot in the same namespace, if there is one; with a real
    robot it only seeds `np_random`. Instead of `stamp_ns`, `info` has `time_s`: the time since the
    beginning of the episode, by the robot's clock.

    In real time the robot is commanded at its rate with all watchdogs and stops of the
    description, as by the `agent` node. If more time passes between two steps than the command
    watchdog allows, the robot stops and the episode is truncated.

    The topics `emergency_stop` and `/emergency_stop`, the services `~/emergency_stop`, `~/rearm`,
    `~/start` and, if a person resets the robot, `~/confirm_reset` exist as in the `agent` node.

    If the description has `teleop`, a person takes over in `step`, see `RobotEnv`. If it has
    `words`, a person or another node ends episodes; `info['word']` of the last step then says
    `discard` where the episode must not be learned from.

    Attributes:
        node: the ROS node, for further topics and services.
    """

    def __init__(
        self,
        robot: str,
        namespace: str = '',
        *,
        real_time: bool = False,
        robot_timeout_s: float = 10.0,
        prefix: str = '',
    ) -> None:
        """Connect to the robot; nothing moves before `reset`.

        Args:
            robot: name of a description, or path of its YAML file.
            namespace: namespace of the robot's relative topics.
            real_time: False: step a simulated robot in lockstep, without watchdogs; True: command
                a real robot, or one simulated in real time, at its rate.
            robot_timeout_s: silence of the robot that is an error.
            prefix: takes the place of `{prefix}` in names of joints and frames.

        Raises:
            ConfigurationError: no such robot, or one line for each mistake in its file.
        """
        of_this_robot, description = load_fleet_robot(robot, prefix)
        self._episode_began_ns = 0
        self._find_simulation = description.simulation is not None
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = Node('rl_env', context=self._context, namespace=namespace)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin, name='ros_env', daemon=True)
        self._thread.start()
        self._ros_robot: LockstepRobot | RealtimeRobot | None = None
        self._hand: RosHand | None = None
        self._ros_words: RosWords | None = None
        events = EventLog()
        self._log_reports = partial(log_reports, self.node, events)
        state = SafetyState(events, waits_for_start=real_time)
        try:
            emergency_stop = EmergencyStop(self.node, state, description.safety)
            if words := make_words(description, state, events):
                self._ros_words = RosWords(self.node, words, events)
            self._hand = make_hand(self.node, of_this_robot, events, words, in_real_time=real_time)
            self._ros_robot = (
                self._realtime_robot(of_this_robot, robot_timeout_s, state, events, emergency_stop)
                if real_time
                else LockstepRobot(self.node, of_this_robot, robot_timeout_s, events)
            )
            super().__init__(
                self._ros_robot,
                description,
                state=state,
                events=events,
                takeover=self._hand.takeover if self._hand else None,
                words=words,
            )
            self._ros_robot.prepare()
            reports = Chore(self._log_reports, REPORT_PERIOD_S)
            hand_chores = self._hand.chores if self._hand else ()
            start_timers(self.node, [*self._ros_robot.chores, *hand_chores, reports])
            self._seed_client = self.node.create_client(
                SetParameters, 'simulated_robot/set_parameters'
            )
        except BaseException:
            self.close()
            raise

    def _realtime_robot(
        self,
        description: RobotDescription,
        timeout_s: float,
        state: SafetyState,
        events: EventLog,
        emergency_stop: EmergencyStop,
    ) -> RealtimeRobot:
        """Return a robot that is commanded at its rate, once its stop may be heard."""
        emergency_stop.wait_for_heartbeat()
        return RealtimeRobot(
            self.node,
            description,
            timeout_s,
            state,
            events,
            when_idle=self._hand.poll if self._hand else lambda: None,
            watched=emergency_stop.watched,
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode, see `RobotEnv.reset`."""
        if seed is not None:
            self._seed_simulation(seed)
        observation, info = super().reset(seed=seed, options=options)
        self._episode_began_ns = info['stamp_ns']
        return observation, self._with_episode_time(info)

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Execute an action for one control period, see `RobotEnv.step`."""
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated, truncated, self._with_episode_time(info)

    def close(self) -> None:
        """Disconnect. In real time, stop the robot first; otherwise it keeps its last command."""
        robot, self._ros_robot = self._ros_robot, None
        if robot is not None:
            self.stop_waiting()
            robot.stop_waiting(_STOP_TIMEOUT_S)
        # rclpy's executor fails on what is destroyed while it spins, and on its own shutdown
        if self._thread.is_alive():
            self._closing.set()
            self._executor.create_task(self._closing.is_set)
            self._thread.join()
        if robot is not None:
            robot.close()
            for listener in (self._hand, self._ros_words):
                if listener is not None:
                    listener.close()
            self._log_reports()
        self._executor.shutdown()
        if self._context.ok():
            self.node.destroy_node()
        try_shutdown(context=self._context)

    def _with_episode_time(self, info: dict[str, Any]) -> dict[str, Any]:
        """Return `info` with the time since the beginning of the episode."""
        stamp_ns = info.pop('stamp_ns')
        return {**info, 'time_s': round((stamp_ns - self._episode_began_ns) * 1e-9, 6)}

    def _spin(self) -> None:
        """Serve callbacks until `close`."""
        with contextlib.suppress(ExternalShutdownException):
            while not self._closing.is_set():
                self._executor.spin_once()

    def _seed_simulation(self, seed: int) -> None:
        """Seed the starting states of the simulated robot, if there is one."""
        if self._find_simulation:
            self._find_simulation = False  # once, because a real robot has no such service
            assert self._ros_robot is not None
            self._ros_robot.wait_until_heard()  # a robot that is starting has no service yet
            self._seed_client.wait_for_service(timeout_sec=_DISCOVERY_TIMEOUT_S)
        if not self._seed_client.service_is_ready():
            return
        parameter = Parameter(RESET_SEED, value=seed).to_parameter_msg()
        answered = threading.Event()
        future = self._seed_client.call_async(SetParameters.Request(parameters=[parameter]))
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(_SEED_TIMEOUT_S):
            self.node.get_logger().warning('the simulated robot does not accept a seed')
