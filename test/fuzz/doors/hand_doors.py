# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Messages of a person's hand at an agent."""

from array import array
from pathlib import Path
from random import Random
from typing import Any

from door import Door
from listener_doors import broken_message, deserialized
import numpy as np
from rclpy.serialization import serialize_message
from rl_agent.description.robot import load_robot
from rl_agent.event_log import EventLog
from rl_agent.teaching.hand import Hand
from rl_agent.teaching.ros_hand_reader import HandReader
from rl_agent.teaching.takeover import Takeover
from sensor_msgs.msg import Joy


class HandDoor(Door):
    """A joystick's message, between a good one before it and the next step."""

    def __init__(self, folder: Path) -> None:
        """Begin with the hand of a shipped robot."""
        description = load_robot('arm')
        teleop = description.teleop
        assert teleop is not None
        self._read = HandReader(teleop, description.command, '/joy')
        self._hand = Hand('/joy', teleop.deadline_s, EventLog(), self._on_buttons)
        self._takeover = Takeover(
            self._hand, teleop, description.command, description.rate_hz, lambda: 0.0
        )
        self._released = self._read(self._joy(0.0))
        self._last = np.zeros(2, np.float32)
        self.seeds = [serialize_message(self._joy(axis, 4)) for axis in (0.0, 0.5, -1.0)]

    def broken(self, rng: Random) -> bytes | None:
        """Return a message with wrong values."""
        return broken_message(Joy, rng.choice(self.seeds), rng)

    def give(self, data: bytes) -> None:
        """Let the message arrive, and take a step."""
        self._hand.hear(self._released, 0.0)
        self._hand.hear(self._read(deserialized(data, Joy)), 0.0)
        action, _ = self._takeover.choose(np.zeros(2, np.float32), lambda: self._last)
        assert action.shape == (2,)
        assert action.dtype == np.float32
        assert (np.abs(action) <= 1.0).all()
        self._last = action

    def _on_buttons(self, pressed: tuple[int, ...]) -> None:
        """Take the buttons that were pressed."""
        assert pressed == tuple(sorted(set(pressed)))

    @staticmethod
    def _joy(axis: float, *held: int) -> Any:
        """Return a good message."""
        buttons = [int(number in held) for number in range(12)]
        return Joy(axes=array('f', [axis] * 6), buttons=array('i', buttons))
