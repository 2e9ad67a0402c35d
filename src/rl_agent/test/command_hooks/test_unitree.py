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

"""The checksum of Unitree's commands is that of the robot's own struct, bit by bit."""

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
from rl_agent.command_hooks.unitree import add_crc, crc_of_words


class Motor(ctypes.Structure):
    _fields_ = (
        ('mode', ctypes.c_uint8),
        ('numbers', ctypes.c_float * 5),
        ('reserve', ctypes.c_uint32 * 3),
    )


class Command(ctypes.Structure):
    """The robot's own struct, aligned by the C compiler's rules."""

    _fields_ = (
        ('head', ctypes.c_uint8 * 4),
        ('numbers', ctypes.c_uint32 * 4),
        ('bandwidth', ctypes.c_uint16),
        ('motors', Motor * 20),
        ('small', ctypes.c_uint8 * 59),  # battery, remote control, lights, fans, pins
        ('reserve', ctypes.c_uint32),
        ('crc', ctypes.c_uint32),
    )


def divided(words: list[int]) -> int:
    """Return the remainder of the division by the polynomial, by hand."""
    remainder = 0xFFFFFFFF
    for word in words:
        for place in range(31, -1, -1):
            takes = (remainder >> 31) ^ (word >> place & 1)
            remainder = (remainder << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if takes else 0)
    return remainder


def message(**motor: Any) -> Any:
    """Return a command as rclpy has it, with numbers of one motor."""
    motors = [
        SimpleNamespace(mode=1, q=0.0, dq=0.0, tau=0.0, kp=0.0, kd=0.0, reserve=[0, 0, 0])
        for _ in range(20)
    ]
    vars(motors[4]).update(motor)
    return SimpleNamespace(
        head=np.array([254, 239], np.uint8),
        level_flag=255,
        frame_reserve=0,
        sn=[1, 2],
        version=[3, 4],
        bandwidth=5,
        motor_cmd=motors,
        bms_cmd=SimpleNamespace(off=0xA5, reserve=[1, 2, 3]),
        wireless_remote=[7] * 40,
        led=[8] * 12,
        fan=[9, 10],
        gpio=11,
        reserve=12,
        crc=0,
    )


def test_the_checksum_is_crc_32_mpeg_2() -> None:
    """Of `12345678` in words, 0x31323334 and 0x35363738; the bytes of the last one are swapped."""
    assert crc_of_words(bytes([0x34, 0x33, 0x32, 0x31, 0x38, 0x37, 0x36, 0x35])) == divided(
        [0x31323334, 0x35363738]
    )
    assert crc_of_words(bytes(4)) == 0xC704DD7B  # of four zeros, as published


def test_a_command_has_the_checksum_of_the_robots_struct() -> None:
    command = message(q=0.75, dq=-1.5, tau=2.0, kp=40.0, kd=0.1, reserve=[13, 14, 15])
    add_crc(command)
    struct = Command(bandwidth=5, reserve=12)
    struct.head[:], struct.numbers[:] = [254, 239, 255, 0], [1, 2, 3, 4]
    for motor in struct.motors:
        motor.mode = 1
    struct.motors[4].numbers[:] = [0.75, -1.5, 2.0, 40.0, 0.1]
    struct.motors[4].reserve[:] = [13, 14, 15]
    struct.small[:] = [0xA5, 1, 2, 3, *[7] * 40, *[8] * 12, 9, 10, 11]
    assert ctypes.sizeof(struct) == 812
    words = np.frombuffer(bytes(struct), '<u4')[:-1].tolist()
    assert command.crc == divided(words)


def test_another_number_has_another_checksum() -> None:
    one, other = message(q=0.75), message(q=0.750001)
    add_crc(one)
    add_crc(other)
    assert one.crc != other.crc
