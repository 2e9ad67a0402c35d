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

"""Resets a robot as its description says: by a pose, a service, a person."""

from collections.abc import Callable
import math
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import RobotError
from rl_agent.robot_interface.pose_reset import move_to_pose
from std_srvs.srv import Empty, Trigger

_POLL_PERIOD_S = 0.1
RESET_SERVICES = {'std_srvs/srv/Trigger': Trigger, 'std_srvs/srv/Empty': Empty}
_NO_TIMEOUT_S = 1e9
CONFIRM_RESET = '~/confirm_reset'
WAITING_FOR_PERSON = 'waiting for a person'
# The first answer may be lost: a service may send it before its client is fully matched.
_ATTEMPTS = 2


class RosReset:
    """Brings a robot to a starting state, over ROS.

    A person confirms through the node's service `~/confirm_reset`.
    """

    def __init__(
        self,
        node: Node,
        description: RobotDescription,
        changed: threading.Condition,
        left_s: Callable[[float], float],
        timeout_s: float,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        """Create client and service; nothing moves yet.

        Args:
            node: relative names are in its namespace; its executor spins in another thread.
            description: of the robot.
            changed: condition to wait on; notified by everything that may end a wait.
            left_s: returns the time left until a deadline by `time.monotonic`; a stop shortens
                it.
            timeout_s: the reset service must be available within this time.
            on_wait: called repeatedly while a service or a person controls the robot.
        """
        self._node, self._description = node, description
        self._changed, self._left_s, self._timeout_s = changed, left_s, timeout_s
        self._on_wait = on_wait
        reset = description.reset
        self._waits_for_person = self._confirmed = False
        self._client = self._confirmation = None
        if reset.service:
            self._kind = RESET_SERVICES[reset.service_type]
            self._client = node.create_client(self._kind, reset.service)
        if reset.person:
            self._confirmation = node.create_service(Trigger, CONFIRM_RESET, self._on_confirmation)

    def run(
        self,
        read: Callable[[bool], Reading],
        apply: Callable[[NDArray[np.float64]], Reading],
        before_call: Callable[[], None] = lambda: None,
        check: Callable[[Reading], None] = lambda reading: None,
    ) -> Reading:
        """Bring the robot to a starting state; return the reading there.

        Args:
            read: returns a reading received after the call; given True, a service has moved the
                robot.
            apply: executes a command for one control period.
            before_call: called before each call of the service.
            check: called with the reading before commands move the robot.

        Raises:
            RobotError: the service is not available, refuses or does not answer; the pose is not
                reached; the wait was stopped.
        """
        if self._description.reset.move_to_pose:
            start = read(False)
            check(start)
            reading = move_to_pose(start, apply, self._description)
        if self._client:
            self._call_service(before_call)
            self._on_wait()
            reading = read(True)
        if self._confirmation:
            self._wait_for_person()
            self._on_wait()
            reading = read(False)
        return reading

    @property
    def operator_request(self) -> str:
        """What a person has to do for the reset; empty: nothing."""
        if not self._waits_for_person:
            return ''
        name = self._node.resolve_service_name(CONFIRM_RESET)
        return f'{WAITING_FOR_PERSON}: ros2 service call {name} std_srvs/srv/Trigger'

    def close(self) -> None:
        """Remove client and service."""
        if self._client:
            self._node.destroy_client(self._client)
        if self._confirmation:
            self._node.destroy_service(self._confirmation)

    def _call_service(self, before_call: Callable[[], None]) -> None:
        """Call the reset service and wait for its answer; try again if there is none."""
        reset, client = self._description.reset, self._client
        assert client is not None
        name = self._node.resolve_service_name(reset.service or '')
        deadline_s = time.monotonic() + self._timeout_s
        self._on_wait()
        while not client.wait_for_service(timeout_sec=_POLL_PERIOD_S):
            self._on_wait()
            if self._left_s(deadline_s) <= 0:
                raise RobotError(
                    f'{name}: no such service within {self._timeout_s:g} s;'
                    f' accepted: {reset.service_type}'
                )
        for _ in range(_ATTEMPTS):
            before_call()
            future = client.call_async(self._kind.Request())
            future.add_done_callback(self._wake)
            if self._wait(future.done, time.monotonic() + reset.timeout_s):
                break
            client.remove_pending_request(future)
            if self._left_s(math.inf) < math.inf:
                raise RobotError(f'{name}: stopped while waiting for its answer')
            self._node.get_logger().warning(f'{name}: no answer in {reset.timeout_s:g} s')
        else:
            raise RobotError(
                f'{name}: no answer in {reset.timeout_s:g} s, called {_ATTEMPTS} times'
            )
        response = future.result()
        if response is None or not getattr(response, 'success', True):
            reason = response.message if response else str(future.exception())
            raise RobotError(f'{name}: the robot refused to reset: {reason}')

    def _wait_for_person(self) -> None:
        """Wait until a person confirms."""
        with self._changed:
            self._waits_for_person, self._confirmed = True, False
        self._node.get_logger().info(self.operator_request)
        confirmed = self._wait(lambda: self._confirmed, time.monotonic() + _NO_TIMEOUT_S)
        self._waits_for_person = False
        if not confirmed:
            raise RobotError(f'reset: stopped while {WAITING_FOR_PERSON}')

    def _wait(self, condition: Callable[[], bool], deadline_s: float) -> bool:
        """Wait for a condition; return False on timeout."""
        while not condition() and self._left_s(deadline_s) > 0:
            self._on_wait()
            with self._changed:
                if not condition():
                    self._changed.wait(min(max(self._left_s(deadline_s), 0.0), _POLL_PERIOD_S))
        return condition()

    def _wake(self, future: Any) -> None:
        """Wake the waiting threads, which check their conditions again."""
        with self._changed:
            self._changed.notify_all()

    def _on_confirmation(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Receive a person's confirmation that the robot is ready."""
        with self._changed:
            response.success = self._waits_for_person
            response.message = (
                'the episode begins' if response.success else 'no reset is waiting for it'
            )
            self._confirmed = self._confirmed or response.success
            self._changed.notify_all()
        return response
