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

"""The world-control service of Gazebo Harmonic, through `ros_gz_bridge`: step and reset."""

import math
import time
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.gazebo.installation import ACCEPTED

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
            f'ros_gz_interfaces cannot be imported ({error}); {ACCEPTED}'
        ) from error
    return ControlWorld


class WorldControl:
    """Controls a world through coroutines, which never block the executor."""

    def __init__(self, node: Node, world: str, group: CallbackGroup) -> None:
        """Create a client of the service.

        Args:
            node: node of the client.
            world: name of the world.
            group: callback group of the answers.

        Raises:
            ConfigurationError: ros_gz is not installed.
        """
        self._type = world_control_type()
        self._ready_since_s = math.inf
        self.service = f'/world/{world}/control'
        self._client = node.create_client(self._type, self.service, callback_group=group)

    @property
    def is_ready(self) -> bool:
        """Whether the bridge offers the service and has had time to discover this client.

        Before that, its answers do not arrive.
        """
        now_s = time.monotonic()
        if not self._client.service_is_ready():
            self._ready_since_s = math.inf
        elif self._ready_since_s == math.inf:
            self._ready_since_s = now_s
        return now_s - self._ready_since_s >= _DISCOVERY_S

    async def step(self, count: int) -> None:
        """Make a number of physics steps, and stay paused.

        Raises:
            RobotError: Gazebo refuses.
        """
        request = self._type.Request()
        request.world_control.pause = True
        request.world_control.multi_step = count
        await self._call(request, f'to step {count} times')

    async def reset(self, *, paused: bool) -> None:
        """Reset the world to its file and its time to 0.

        Args:
            paused: whether the world stays paused afterwards.

        Raises:
            RobotError: Gazebo refuses.
        """
        request = self._type.Request()
        request.world_control.pause = paused
        # Harmonic has no other kind of reset: it refuses `model_only`
        request.world_control.reset.all = True
        await self._call(request, 'to reset')

    async def _call(self, request: Any, action: str) -> None:
        """Call the service and wait for its answer."""
        response = await self._client.call_async(request)
        if response is None or not response.success:
            raise RobotError(f'{self.service}: Gazebo refused {action}')
