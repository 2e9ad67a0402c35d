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

"""The numbers that a camera's messages give an observation."""

from typing import Any

from rl_agent.array_types import Float64Array
from rl_agent.cameras.camera_view import CameraView
from rl_agent.cameras.compressed_frame import read_compressed_image
from rl_agent.cameras.frame import read_image
from rl_agent.description.image import COMPRESSED, ImageDescription, pack_pixels


class CameraReader:
    """Decodes the messages of one camera."""

    def __init__(self, image: ImageDescription, kind: str) -> None:
        """Read messages of a type, one of `CAMERA_TYPES`."""
        self._view, self._is_compressed = CameraView(image), kind == COMPRESSED

    def __call__(self, message: Any) -> Float64Array:
        """Return the packed pixels that the policy sees, (size,).

        Raises:
            RobotError: the message cannot be decoded, or does not fit.
        """
        if self._is_compressed:
            frame = read_compressed_image(message, self._view.needed)
        else:
            frame = read_image(message)
        return pack_pixels(self._view(frame))
