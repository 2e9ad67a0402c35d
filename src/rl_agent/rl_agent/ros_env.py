# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Any described robot as a Gymnasium environment of its own, for any Gymnasium learner.

from rl_agent.ros_env import RosEnv
from stable_baselines3 import SAC

with RosEnv('pendulum') as env:          # beside it: ros2 run rl_agent simulated_robot ...
    SAC('MlpPolicy', env).learn(5_000)

with RosEnv('my_arm.yaml', real_time=True) as env:          # a robot whose time passes by itself
    ...
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
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.event_log import EventLog
from rl_agent.robot_interface.ros_lockstep_robot import LockstepRobot
from rl_agent.robot_interface.ros_realtime_robot import RealtimeRobot
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from rl_agent.ros.ros_event_log import log_reports, REPORT_PERIOD_S
from rl_agent.ros.ros_topics import RESET_SEED, steady_clock
from rl_agent.safety.ros_emergency_stop import EmergencyStop
from rl_agent.safety.safety_state import SafetyState

_FOUND_WITHIN_S = 5.0
_SEED_WITHIN_S = 10.0
_STOP_WITHIN_S = 1.0


class RosEnv(RobotEnv):
    """A robot behind ROS topics, with a ROS node of its own.

    `reset(seed=...)` seeds the simulated robot of the same namespace, if there is one; a real
    robot starts where it starts, and only `np_random` is seeded. Instead of `stamp_ns`, `info` has
    `time_s`: since the beginning of the episode, by the robot's clock.

    In real time the robot is commanded at its rate, under all of the description's watchdogs and
    stops, as by the `agent` node: whoever trains for longer than the command watchdog allows
    between two steps finds the robot stopped, and the episode truncated.

    The topic `emergency_stop` and the services `~/emergency_stop`, `~/rearm` and, where a person
    prepares the robot, `~/confirm_reset` are there, with `rl_env` in place of `agent`.

    Attributes:
        node: for whatever else is to be published or heard.
    """

    def __init__(
        self,
        robot: str,
        namespace: str = '',
        *,
        real_time: bool = False,
        robot_timeout_s: float = 10.0,
    ) -> None:
        """Connect; nothing moves before `reset`.

        Args:
            robot: name of a description, or the path of its YAML file.
            namespace: that the robot's relative topics live in.
            real_time: False steps a simulated robot in lockstep, without watchdogs; True commands
                one whose time passes by itself, at its rate.
            robot_timeout_s: a robot that is silent for so long is an error.

        Raises:
            ConfigurationError: no such robot, or one line for each mistake in its file.
        """
        description = load_ros_robot(robot)
        self._began_ns = 0
        self._looks_for_simulation = description.simulation is not None
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = Node('rl_env', context=self._context, namespace=namespace)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name='ros_env', daemon=True)
        self._thread.start()
        self._driven: LockstepRobot | RealtimeRobot | None = None
        events = EventLog()
        state = SafetyState(events)
        safety = description.safety
        try:
            self._safety = EmergencyStop(self.node, state, safety.emergency_stop or safety.stop)
            if real_time:
                self._driven = RealtimeRobot(
                    self.node, description, robot_timeout_s, state, events
                )
            else:
                self._driven = LockstepRobot(self.node, description, robot_timeout_s)
            super().__init__(self._driven, description, state=state, events=events)
            self._driven.prepare()
            self.node.create_timer(
                REPORT_PERIOD_S,
                partial(log_reports, self.node, events),
                clock=steady_clock(),
            )
            self._seeder = self.node.create_client(SetParameters, 'simulated_robot/set_parameters')
        except BaseException:
            self.close()
            raise

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode, see `RobotEnv.reset`."""
        if seed is not None:
            self._seed_simulation(seed)
        observation, info = super().reset(seed=seed, options=options)
        self._began_ns = info['stamp_ns']
        return observation, self._since_the_beginning(info)

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Execute an action for one control period, see `RobotEnv.step`."""
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated, truncated, self._since_the_beginning(info)

    def close(self) -> None:
        """Disconnect. In real time the robot is stopped first, else it keeps its last command."""
        if self._driven is not None:
            self.release()
            self._driven.stop_waiting(_STOP_WITHIN_S)
            self._driven.close()
            self._driven = None
        self._executor.shutdown()
        self._thread.join()
        if self._context.ok():
            self.node.destroy_node()
        try_shutdown(context=self._context)

    def _since_the_beginning(self, info: dict[str, Any]) -> dict[str, Any]:
        """Return `info` with a time that equal episodes have in common."""
        stamp_ns = info.pop('stamp_ns')
        return {**info, 'time_s': round((stamp_ns - self._began_ns) * 1e-9, 6)}

    def _spin(self) -> None:
        """Serve callbacks until the executor is shut down."""
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _seed_simulation(self, seed: int) -> None:
        """Seed the simulated robot's starting states, where there is one."""
        if self._looks_for_simulation:
            self._looks_for_simulation = False  # once: a real robot has none
            assert self._driven is not None
            self._driven.wait_until_heard()  # a robot that only starts has no service yet
            self._seeder.wait_for_service(timeout_sec=_FOUND_WITHIN_S)
        if not self._seeder.service_is_ready():
            return
        parameter = Parameter(RESET_SEED, value=seed).to_parameter_msg()
        answered = threading.Event()
        future = self._seeder.call_async(SetParameters.Request(parameters=[parameter]))
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(_SEED_WITHIN_S):
            self.node.get_logger().warning('the simulated robot does not take a seed')
