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

"""The `gazebo_robot` node: a robot in Gazebo Harmonic behind the topics of its description."""

from collections.abc import Sequence
import math
from pathlib import Path
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from rl_agent.bringup.robot_parameters import GazeboRobotParameters
from rl_agent.description.robot import only_action
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.gazebo.bridge_file import check_bridge, command_topics, load_bridge
from rl_agent.gazebo.ros_sensor_relay import SensorRelay
from rl_agent.gazebo.ros_world_control import WorldControl
from rl_agent.gazebo.world_file import check_world_name, steps_in
from rl_agent.message_fields.ros_command_reader import CommandReader
from rl_agent.message_fields.ros_field_writer import make_writer
from rl_agent.robot_interface.ros_lockstep_robot import REPEAT_PERIOD_S
from rl_agent.robot_interface.ros_reset import RESET_SERVICES
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
from rl_agent.ros.ros_topics import COMMAND_QOS, steady_clock
from rl_agent.simulation.ros_simulation_diagnostics import SimulationDiagnostics

_POLL_PERIOD_S = 0.02
_READY_TIMEOUT_S = 5.0
_LATE_READING_S = 0.02  # for sensors that are measured a little before the end of a period


class GazeboRobotNode(ManagedNode):
    """Relays commands to Gazebo and sensor readings back; resets by the world-control service.

    In lockstep, a command advances time by one control period and readings answer it, as with
    `simulated_robot`. Otherwise, messages are relayed as they come. Stamps and /clock never go
    back, although Gazebo's time does at each reset.
    """

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('gazebo_robot')
        self._settings = declare_parameters(self, GazeboRobotParameters)

    def configure(self) -> None:
        """Connect to the bridge and create the robot's topics."""
        settings = self._settings
        if not settings.world:
            raise ConfigurationError('world: missing; accepted: the name of a world')
        check_world_name(settings.world)
        self._description = description = load_ros_robot(settings.robot)
        if settings.bridge:
            check_bridge(load_bridge(Path(settings.bridge)), description)
        self._period_steps = steps_in(1.0 / description.rate_hz, settings.step_s)
        # Gazebo's steps are whole nanoseconds, so a period may end a little early
        self._half_step_ns = round(0.5e9 * settings.step_s)
        group = ReentrantCallbackGroup()  # a command waits for readings
        self._world = WorldControl(self, settings.world, group)
        self._relay = SensorRelay(self, description)
        self._busy, self._busy_since_s = False, 0.0
        self._wanted: tuple[int, Future, float] | None = None
        self._tick = Future()
        self._steps = self._resets = 0
        self._rng = np.random.default_rng(settings.seed)
        self._known_restarts = self._wanted_restarts = 0
        self._published_s = self._started_s = time.monotonic()
        self._connect_command(group)
        if description.reset.service:
            kind = RESET_SERVICES[description.reset.service_type]
            self.create_service(
                kind, description.reset.service, self._on_reset, callback_group=group
            )
        self._diagnostics = SimulationDiagnostics(self, real_time=not settings.lockstep)
        # last, because messages of a running simulation arrive at once
        self._relay.listen(group, self._on_message)
        self.create_timer(
            _POLL_PERIOD_S, self._check_wait, callback_group=group, clock=steady_clock()
        )
        self.create_timer(1.0, self._publish_diagnostics, clock=steady_clock())

    def _connect_command(self, group: ReentrantCallbackGroup) -> None:
        """Subscribe to commands, and create the publishers of Gazebo's commands."""
        action = only_action(self._description, 'Gazebo')
        self._reader = CommandReader(action, self.resolve_topic_name(action.topic))
        self._outputs = []
        for topic, kind in command_topics(self._description).items():
            message = import_message(kind)()
            paths = ['data'] if action.joints else list(action.fields or ())
            publisher = self.create_publisher(type(message), topic, COMMAND_QOS)
            self._outputs.append((publisher, message, make_writer(message, kind, paths)))
        on_command: Any = self._on_command  # a coroutine, which rclpy's type hints do not allow
        self.create_subscription(
            import_message(action.type),
            action.topic,
            on_command,
            COMMAND_QOS,
            callback_group=group,
        )

    async def _on_command(self, message: Any) -> None:
        """Relay a command; in lockstep let a period pass and publish its readings."""
        try:
            command = self._reader.read(message)
        except RobotError as error:
            self.get_logger().error(f'command refused: {error}', throttle_duration_sec=10.0)
            return
        if self._busy or not self._is_ready():
            return  # the agent sends it again
        self._send(command)
        self._steps += 1
        if self._settings.lockstep:
            await self._run_exclusively(self._period(self._settings.command_lead_s))

    def _send(self, command: NDArray[np.float64]) -> None:
        """Send a command, (action,), to Gazebo."""
        size = len(command) // len(self._outputs)
        for number, (publisher, output, write) in enumerate(self._outputs):
            write(command[number * size : (number + 1) * size])
            publisher.publish(output)

    async def _on_reset(self, request: Any, response: Any) -> Any:
        """Reset the world and publish its readings."""
        reason = ''
        await self._until_ready()
        if self._busy or not self._is_ready():
            reason = f'Gazebo is busy, or silent: {", ".join(self._relay.silent) or "stepping"}'
        elif not await self._run_exclusively(self._reset_world()):
            reason = 'Gazebo did not reset'
        if hasattr(response, 'success'):
            response.success, response.message = not reason, reason
        elif reason:
            self.get_logger().error(f'reset: {reason}')
        return response

    async def _until_ready(self) -> None:
        """Wait a little for a simulation that has just started."""
        deadline_s = time.monotonic() + _READY_TIMEOUT_S
        while (self._busy or not self._is_ready()) and time.monotonic() < deadline_s:
            self._tick = Future()
            await self._tick

    async def _run_exclusively(self, work: Any) -> bool:
        """Run a coroutine, while commands and resets are refused; return whether it succeeded."""
        self._busy, self._busy_since_s = True, time.monotonic()
        try:
            await work
        except RobotError as error:
            self.fail(error)
            return False
        finally:
            self._busy = False
        return True

    async def _period(self, lead_s: float) -> None:
        """Let one control period pass, then publish the readings."""
        time.sleep(lead_s)
        period_ns = round(1e9 / self._description.rate_hz)
        target_ns = max(self._relay.now_ns, 0) + period_ns - self._half_step_ns
        await self._world.step(self._period_steps)
        await self._await_readings(target_ns)
        self._publish()

    async def _reset_world(self) -> None:
        """Reset, shake and settle; in lockstep let at least one period pass, for new readings."""
        self._resets += 1
        lockstep, rate_hz = self._settings.lockstep, self._description.rate_hz
        waits = [1] * round(self._settings.shake_s * rate_hz)  # in periods
        waits += [1 + math.ceil(self._settings.settle_s * rate_hz)]
        # late messages from before the reset must not count as readings after it
        before_ns, restarts = self._relay.now_ns, self._relay.clock.restarts
        wanted = restarts + (before_ns >= round(1e9 * waits[0] / rate_hz))
        await self._world.reset(paused=lockstep)
        if lockstep:
            self._relay.restart()
        for number, periods in enumerate(waits, 1):
            if len(waits) > 1:
                self._send(self._any_command() if number < len(waits) else self._safe_command())
            if lockstep:
                time.sleep(self._settings.command_lead_s)
                await self._world.step(periods * self._period_steps)
            target_ns = round(1e9 * sum(waits[:number]) / rate_hz)
            target_ns -= self._half_step_ns * lockstep
            await self._await_readings(target_ns, restarts=wanted)
        self._known_restarts = self._relay.clock.restarts
        self._started_s = time.monotonic()
        self._publish()

    def _any_command(self) -> NDArray[np.float64]:
        """Return a random command within its limits, (action,)."""
        return self._rng.uniform(self._description.action.low, self._description.action.high)

    def _safe_command(self) -> NDArray[np.float64]:
        """Return the default command, or the one nearest to 0, (action,)."""
        action = self._description.action
        return np.clip(np.array(action.default or 0.0), action.low, action.high)

    async def _await_readings(self, stamp_ns: int, restarts: int = 0) -> None:
        """Wait until Gazebo's time is reached and every sensor has published."""
        self._wanted_restarts = restarts
        future = Future()
        self._wanted = (stamp_ns, future, time.monotonic())
        self._check_wait()
        await future
        self._wanted = None

    def _on_message(self, topic: str) -> None:
        """Relay a message if time runs freely; end a wait that is over."""
        if not self._settings.lockstep and not self._busy:
            if topic:
                self._relay.publish_topic(topic)
            else:
                self._relay.publish_clock()
        if not self._busy and self._relay.clock.restarts > self._known_restarts:
            self._known_restarts = self._relay.clock.restarts
            self._started_s = time.monotonic()
            self.get_logger().warning('the simulation was restarted: its time went back')
        self._check_wait()

    def _check_wait(self) -> None:
        """End the wait for readings, or the process if none come."""
        if not self._tick.done():
            self._tick.set_result(None)
        now_s, timeout_s = time.monotonic(), self._settings.timeout_s
        if self._wanted and not self._wanted[1].done():
            stamp_ns, future, since_s = self._wanted
            period_ns = 1e9 / self._description.rate_hz
            seen = self._relay.clock.restarts >= self._wanted_restarts
            arrived = seen and self._relay.has_reached(stamp_ns)
            late = seen and self._relay.now_ns >= stamp_ns and now_s - since_s > _LATE_READING_S
            if arrived or (late and self._relay.has_reached(round(stamp_ns - period_ns / 2))):
                future.set_result(None)
            elif now_s - since_s > timeout_s:
                self.fail(RobotError(self._explain_stall()))
        elif self._is_stalled(now_s):
            self.fail(RobotError(self._explain_stall()))
        elif self._settings.lockstep and now_s - self._published_s >= REPEAT_PERIOD_S:
            self._begin_or_repeat()

    def _is_stalled(self, now_s: float) -> bool:
        """Return whether Gazebo has been silent for too long."""
        timeout_s = self._settings.timeout_s
        if self._busy:
            return now_s - self._busy_since_s > timeout_s
        if self._relay.silent:
            return now_s - self._started_s > timeout_s
        return not self._settings.lockstep and now_s - self._relay.heard_s > timeout_s

    def _begin_or_repeat(self) -> None:
        """Repeat the last readings; before the first ones, let a period pass to get them."""
        self._published_s = time.monotonic()
        if self._busy or not self._world.is_ready:
            return
        if self._relay.silent and self.executor:
            self._busy, self._busy_since_s = True, self._published_s
            self.executor.create_task(self._first_period)
        else:
            self._relay.publish()

    async def _first_period(self) -> None:
        """Let one period pass without a command."""
        await self._run_exclusively(self._period(0.0))

    def _is_ready(self) -> bool:
        """Return whether the world exists and all its sensors have published."""
        return self._world.is_ready and not self._relay.silent

    def _publish(self) -> None:
        """Publish clock and sensors."""
        self._published_s = time.monotonic()
        self._relay.publish()

    def _explain_stall(self) -> str:
        """Return which part is silent and what to check, in words."""
        timeout_s = self._settings.timeout_s
        if not self._world.is_ready:
            return (
                f'{self._world.service}: no such service in {timeout_s:g} s; accepted: a running'
                f' Gazebo Harmonic with a world {self._settings.world!r}, and ros_gz_bridge'
            )
        if self._relay.silent:
            return (
                f'bridged topics are silent for {timeout_s:g} s: {", ".join(self._relay.silent)};'
                ' accepted: messages from ros_gz_bridge. Does the bridge file name the topics of'
                ' Gazebo (gz topic --list), has the model these sensors, and the world the systems'
                ' for them?'
            )
        return (
            f'the simulation stalls: no new time in {timeout_s:g} s, at'
            f' {self._relay.now_ns / 1e9:.3f} s of world {self._settings.world!r}'
        )

    def _publish_diagnostics(self) -> None:
        """Publish the counts of steps, resets and restarts."""
        counts = {
            'executed_steps': self._steps,
            'resets': self._resets,
            'restarts': self._relay.clock.restarts,
        }
        self._diagnostics.publish(counts, self.get_clock().now().to_msg())


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(GazeboRobotNode, args))


if __name__ == '__main__':
    main()
