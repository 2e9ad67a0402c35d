# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Begins an episode as the description says: pose, service, person."""

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

_LOOK_S = 0.1
RESET_SERVICES = {'std_srvs/srv/Trigger': Trigger, 'std_srvs/srv/Empty': Empty}
_NO_LIMIT_S = 1e9
CONFIRM_RESET = '~/confirm_reset'
FOR_A_PERSON = 'waiting for a person'
# A service that has just met its client may send the answer before it can arrive.
_ATTEMPTS = 2


class RosReset:
    """Brings a robot to a starting state, over ROS.

    A person confirms by the service `~/confirm_reset` of the node.
    """

    def __init__(
        self,
        node: Node,
        description: RobotDescription,
        changed: threading.Condition,
        left_s: Callable[[float], float],
        timeout_s: float,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Connect; nothing moves yet.

        Args:
            node: relative names live in its namespace; its executor spins in another thread.
            description: of the robot.
            changed: waited on, and notified by whatever ends a wait.
            left_s: how long may still be waited until a time of `time.monotonic`; a stop makes
                that less.
            timeout_s: within which the reset service must be there.
            meanwhile: called again and again while a service or a person has the robot.
        """
        self._node, self._description = node, description
        self._changed, self._left_s, self._timeout_s = changed, left_s, timeout_s
        self._meanwhile = meanwhile
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
        asking: Callable[[], None] = lambda: None,
        check: Callable[[Reading], None] = lambda reading: None,
    ) -> Reading:
        """Bring the robot to a starting state; return what it senses there.

        Args:
            read: returns a reading from after its call; where it is given true, also one with a
                newer stamp than any before: a service has moved the robot.
            apply: executes a command for one control period.
            asking: called whenever the service is about to be.
            check: called before commands move the robot.

        Raises:
            RobotError: the service is not there, refuses or does not answer; the pose is not
                reached; the wait was stopped.
        """
        if self._description.reset.move_to_pose:
            start = read(False)
            check(start)
            reading = move_to_pose(start, apply, self._description)
        if self._client:
            self._call_service(asking)
            reading = read(True)
        if self._confirmation:
            self._wait_for_person()
            reading = read(False)
        return reading

    @property
    def waits_for(self) -> str:
        """What a person is to do, in words; empty: nothing."""
        if not self._waits_for_person:
            return ''
        name = self._node.resolve_service_name(CONFIRM_RESET)
        return f'{FOR_A_PERSON}: ros2 service call {name} std_srvs/srv/Trigger'

    def close(self) -> None:
        """Disconnect."""
        if self._client:
            self._node.destroy_client(self._client)
        if self._confirmation:
            self._node.destroy_service(self._confirmation)

    def _call_service(self, asking: Callable[[], None]) -> None:
        """Call the reset service and wait for its answer; call again where none comes."""
        reset, client = self._description.reset, self._client
        assert client is not None
        name = self._node.resolve_service_name(reset.service or '')
        deadline_s = time.monotonic() + self._timeout_s
        self._meanwhile()
        while not client.wait_for_service(timeout_sec=_LOOK_S):
            self._meanwhile()
            if self._left_s(deadline_s) <= 0:
                raise RobotError(
                    f'{name}: no such service within {self._timeout_s:g} s;'
                    f' accepted: {reset.service_type}'
                )
        for _ in range(_ATTEMPTS):
            asking()
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
                f'{name}: no answer in {reset.timeout_s:g} s, asked {_ATTEMPTS} times'
            )
        response = future.result()
        if response is None or not getattr(response, 'success', True):
            reason = response.message if response else str(future.exception())
            raise RobotError(f'{name}: the robot refused to reset: {reason}')

    def _wait_for_person(self) -> None:
        """Wait until a person confirms."""
        with self._changed:
            self._waits_for_person, self._confirmed = True, False
        self._node.get_logger().info(self.waits_for)
        confirmed = self._wait(lambda: self._confirmed, time.monotonic() + _NO_LIMIT_S)
        self._waits_for_person = False
        if not confirmed:
            raise RobotError(f'reset: stopped while {FOR_A_PERSON}')

    def _wait(self, condition: Callable[[], bool], deadline_s: float) -> bool:
        """Return whether a condition came to hold in time."""
        while not condition() and self._left_s(deadline_s) > 0:
            self._meanwhile()
            with self._changed:
                if not condition():
                    self._changed.wait(min(max(self._left_s(deadline_s), 0.0), _LOOK_S))
        return condition()

    def _wake(self, future: Any) -> None:
        """Let whoever waits look again."""
        with self._changed:
            self._changed.notify_all()

    def _on_confirmation(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Take a person's word that all is in place."""
        with self._changed:
            response.success = self._waits_for_person
            response.message = 'the episode begins' if response.success else 'nothing waits for it'
            self._confirmed = self._confirmed or response.success
            self._changed.notify_all()
        return response
