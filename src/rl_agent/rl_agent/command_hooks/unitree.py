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

"""The checksum of commands to Unitree's robots, which drop a command without it.

finish: rl_agent.command_hooks.unitree:add_crc
"""

import struct
from typing import Any
import zlib

_MOTORS = 20
# The robot's own struct without its last word, which is the checksum: little-endian, words aligned
# (unitree_ros2, motor_crc.h).
_LAYOUT = struct.Struct('<4B4IH2x' + _MOTORS * 'B3x5f3I' + '4B40B12B2BBxI')
_REVERSED_BITS = bytes(int(f'{byte:08b}'[::-1], 2) for byte in range(256))


def add_crc(message: Any) -> None:
    """Fill in `crc` of a unitree_go/msg/LowCmd, for Go2 and B2."""
    message.crc = crc_of_words(_packed(message))


def crc_of_words(data: bytes) -> int:
    """Return the CRC-32/MPEG-2 of 32-bit words, each from its highest bit to its lowest.

    Args:
        data: the words, little-endian; a multiple of four bytes.
    """
    # zlib divides by the same polynomial from the lowest bit to the highest
    words = struct.unpack(f'<{len(data) // 4}I', data)
    swapped = struct.pack(f'>{len(words)}I', *words).translate(_REVERSED_BITS)
    return int(f'{zlib.crc32(swapped) ^ 0xFFFFFFFF:032b}'[::-1], 2)


def _packed(message: Any) -> bytes:
    """Return a command as the robot's own struct, without the checksum."""
    motors: list[float] = []
    for motor in message.motor_cmd:
        motors += (motor.mode, motor.q, motor.dq, motor.tau, motor.kp, motor.kd, *motor.reserve)
    return _LAYOUT.pack(
        *message.head,
        message.level_flag,
        message.frame_reserve,
        *message.sn,
        *message.version,
        message.bandwidth,
        *motors,
        message.bms_cmd.off,
        *message.bms_cmd.reserve,
        *message.wireless_remote,
        *message.led,
        *message.fan,
        message.gpio,
        message.reserve,
    )
