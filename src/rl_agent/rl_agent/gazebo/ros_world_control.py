# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The world-control service of Gazebo Harmonic, through `ros_gz_bridge`: step, run, reset."""

import math
import time
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rl_agent.errors import ConfigurationError, RobotError

_DISCOVERY_S = 0.5


def world_control_type() -> Any:
    """Return the service type.

    Raises:
        ConfigurationError: ros_gz is not installed.
    """
    try:
        from ros_gz_interfaces.srv import ControlWorld
    except ImportError as error:
        raise ConfigurationError(
            f'ros_gz_interfaces cannot be imported ({error}); accepted: Gazebo Harmonic for ROS 2'
            ' Jazzy: sudo apt install ros-jazzy-ros-gz'
        ) from error
    return ControlWorld


class WorldControl:
    """Controls a world. Nothing here waits: calls return futures."""

    def __init__(self, node: Node, world: str, group: CallbackGroup) -> None:
        """Look for the service.

        Args:
            node: whose executor serves the answers.
            world: name of the world.
            group: of the answers' callbacks.

        Raises:
            ConfigurationError: ros_gz is not installed.
        """
        self._type = world_control_type()
        self._ready_since_s = math.inf
        self.service = f'/world/{world}/control'
        self._client = node.create_client(self._type, self.service, callback_group=group)

    @property
    def is_there(self) -> bool:
        """Whether the bridge offers the service, and has had time to know of this client.

        A service answers whom it has not discovered yet, too, but those do not hear it.
        """
        now_s = time.monotonic()
        if not self._client.service_is_ready():
            self._ready_since_s = math.inf
        elif self._ready_since_s == math.inf:
            self._ready_since_s = now_s
        return now_s - self._ready_since_s >= _DISCOVERY_S

    async def step(self, count: int) -> None:
        """Let so many physics steps pass, and stay paused.

        Raises:
            RobotError: Gazebo refuses.
        """
        request = self._type.Request()
        request.world_control.pause = True
        request.world_control.multi_step = count
        await self._call(request, f'to step {count} times')

    async def reset(self, *, paused: bool) -> None:
        """Bring the world back to how its file describes it; its time begins at 0 again.

        Args:
            paused: stay so afterwards.

        Raises:
            RobotError: Gazebo refuses.
        """
        request = self._type.Request()
        request.world_control.pause = paused
        # Harmonic has no other kind: `model_only` is refused there
        request.world_control.reset.all = True
        await self._call(request, 'to reset')

    async def _call(self, request: Any, what: str) -> None:
        """Call the service and wait for its answer."""
        response = await self._client.call_async(request)
        if response is None or not response.success:
            raise RobotError(f'{self.service}: Gazebo refused {what}')
