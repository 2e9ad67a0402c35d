# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Frames of cameras at an agent: raw and compressed, in every encoding."""

from array import array
import io
from pathlib import Path
from random import Random
import struct
from typing import Any

from door import Door
from listener_doors import broken_message, deserialized
import numpy as np
from PIL import Image as Picture
from rclpy.serialization import serialize_message
from rl_agent.cameras.camera_reader import CameraReader
from rl_agent.cameras.frame import ENCODINGS
from rl_agent.description.image import COMPRESSED, HIGHEST_NUMBER, ImageDescription
from sensor_msgs.msg import CompressedImage, Image

SIDE = 8
_RAW = 'sensor_msgs/msg/Image'
_SEEN = {
    'colour': ImageDescription(4, 4, encoding='rgb'),
    'mono': ImageDescription(4, 4, encoding='mono'),
    'depth': ImageDescription(4, 4, encoding='depth', depth_m=(0.1, 3.0)),
}


class CameraDoor(Door):
    """A frame of anybody; the first byte says which camera it comes from."""

    def __init__(self, folder: Path) -> None:
        """Begin with a frame of each encoding, then compressed ones."""
        self._cameras: list[tuple[str, Any]] = []
        self.seeds = []
        for name, encoding in ENCODINGS.items():
            pixels = np.full((SIDE, SIDE, encoding.channels), 1, encoding.type)
            message = Image(
                height=SIDE,
                width=SIDE,
                encoding=name,
                step=SIDE * pixels.itemsize * encoding.channels,
                data=array('B', pixels.tobytes()),
            )
            self._add('colour' if encoding.kind == 'yuv' else encoding.kind, message)
        for kind in ('JPEG', 'PNG'):
            self._add('colour', compressed(np.zeros((SIDE, SIDE, 3), np.uint8), kind, 'jpeg'))
        depth = np.full((SIDE, SIDE), 1000, np.uint16)
        self._add('depth', compressed(depth, 'PNG', '16UC1; png compressed '))
        header = struct.pack('<iff', 0, 100.0, 1.0)
        inverse = '32FC1; compressedDepth png'
        self._add('depth', compressed(depth, 'PNG', inverse, header))

    def broken(self, rng: Random) -> bytes | None:
        """Return a frame with wrong values."""
        data = rng.choice(self.seeds)
        return data[:1] + broken_message(self._cameras[data[0]][1], data[1:], rng)

    def give(self, data: bytes) -> None:
        """Read the pixels."""
        seen, kind = self._cameras[data[0] % len(self._cameras) if data else 0]
        message = deserialized(data[1:], kind)
        image = _SEEN[seen]
        read = CameraReader(image, COMPRESSED if kind is CompressedImage else _RAW)
        numbers = read(message)
        assert numbers.shape == (image.size,)
        assert ((numbers >= 0) & (numbers <= HIGHEST_NUMBER)).all()

    def _add(self, seen: str, message: Any) -> None:
        """Add a camera whose frames a policy sees, with its first frame."""
        self.seeds = [*self.seeds, bytes([len(self._cameras)]) + serialize_message(message)]
        self._cameras.append((seen, type(message)))


def compressed(pixels: Any, kind: str, text: str, header: bytes = b'') -> CompressedImage:
    """Return pixels as JPEG or PNG after a header; `text` is their format."""
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, kind)
    return CompressedImage(format=text, data=array('B', header + file.getvalue()))
