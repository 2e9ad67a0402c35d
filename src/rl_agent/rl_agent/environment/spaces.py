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

"""The layout of observation and action vectors."""

from collections.abc import Mapping
import hashlib
import json

import numpy as np
from numpy.typing import NDArray
from rl_agent.description.action import ActionDescription
from rl_agent.description.image import ImageDescription, pack_pixels, stacked, unpack_pixels
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.observation_history import ObservationHistory
from rl_agent.environment.transforms import changes, transform


class Spaces:
    """Names, bounds and order of the elements of observations and actions.

    A frame holds the values of all fields at one time. An observation is the numbers of one or
    more frames, the newest first, then the previous actions, the newest first, then the images:
    one for each camera, whose channels are those of its frames, the newest first. Names give the
    age in steps: `velocity`, `velocity@-1`. Robots send only the newest frame of each camera.

    Attributes:
        frame_names: one for each element of a frame, (frame,).
        observation_names: one for each element of an observation, (observation,).
        action_names: one for each element of an action, (action,).
        observation_low: lowest values, -inf where unknown, (observation,) float32.
        observation_high: highest values, inf where unknown, (observation,) float32.
        images: at the end of an observation, in their order, as the policy sees them.
        sent_images: the newest frame of each, as robots send it.
        stack: frames in an observation.
        task_fields: names of the fields that only the task reads.
        fingerprint: equal for two robots if and only if a policy for one fits the other.
    """

    def __init__(self, description: RobotDescription) -> None:
        """Lay out the vectors of a robot."""
        self._all_fields = description.observation
        self._fields, self.sent_images = description.seen_by_policy, description.images
        self.task_fields = tuple(item.name for item in self._all_fields if item.task_only)
        self._transformed = [item for item in self._all_fields if changes(item)]
        self.stack, self._previous = description.stack, description.previous_actions
        self.images = tuple(stacked(image, self.stack) for image in self.sent_images)
        self.action_names = description.command.names
        self.frame_names = tuple(name for item in self._fields for name in item.element_names)
        numbers = [item for item in self._fields if item.image is None]
        cameras = [item.name for item in self._fields if item.image]
        names = [name for item in numbers for name in item.element_names]
        packed = zip(cameras, self.images, strict=True)
        self.observation_names = (
            *_with_age(names, self.stack),
            *_with_age([f'previous_action/{name}' for name in self.action_names], self._previous),
            *(f'{name}/{number}' for name, image in packed for number in range(image.size)),
        )
        limits = [item.limits for item in numbers for _ in item.element_names] * self.stack
        limits += [(-1.0, 1.0)] * (self._previous * self.action_size)
        limits += [item.limits for item in self._fields[-1:]] * sum(
            image.size for image in self.images
        )
        self.observation_low = np.array([low for low, _ in limits], np.float32)
        self.observation_high = np.array([high for _, high in limits], np.float32)
        self.fingerprint = _fingerprint(description)

    @property
    def observation_size(self) -> int:
        """Length of an observation."""
        return len(self.observation_names)

    @property
    def vector_size(self) -> int:
        """Numbers of an observation before its images."""
        return self.observation_size - sum(image.size for image in self.images)

    @property
    def sent_size(self) -> int:
        """Length of an observation as robots send it."""
        return self.vector_size + sum(image.size for image in self.sent_images)

    @property
    def action_size(self) -> int:
        """Length of an action."""
        return len(self.action_names)

    def values(self, raw: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        """Return field name to transformed values.

        Args:
            raw: field name to values as in the message, (raw,) each.
        """
        values = {item.name: raw[item.name] for item in self._all_fields}
        if self._transformed:
            with np.errstate(invalid='ignore'):
                for item in self._transformed:
                    values[item.name] = transform(item, values[item.name])
        return values

    def frame(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float32]:
        """Return a frame, (frame,) float32, from the fields' transformed values."""
        parts = [values[item.name] for item in self._fields]
        return np.concatenate(parts, dtype=np.float32, casting='same_kind')

    def history(self) -> ObservationHistory:
        """Return a new history, which makes observations from frames."""
        return ObservationHistory(
            len(self.frame_names), self.action_size, self.stack, self._previous, self.sent_images
        )

    def sent(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return an observation as robots send it, (sent,), with the newest frame of each image.

        The others were sent with the observations before it.

        Args:
            observation: as the policy sees it, (observation,).
        """
        if self.stack == 1 or not self.images:
            return observation
        start, parts = self.vector_size, [observation[: self.vector_size]]
        for image, frame in zip(self.images, self.sent_images, strict=True):
            pixels = unpack_pixels(observation[start : start + image.size], image.num_bytes)
            newest = pixels.reshape(image.shape)[:, :, : frame.channels]
            parts.append(pack_pixels(newest).astype(np.float32))
            start += image.size
        return np.concatenate(parts)


def _with_age(names: tuple[str, ...] | list[str], count: int) -> list[str]:
    """Return the names `count` times, from the second time on with their age in steps."""
    return [f'{name}@-{age}' if age else name for age in range(count) for name in names]


def _fingerprint(description: RobotDescription) -> str:
    """Return 16 hexadecimal digits of a hash of all that defines the meaning of the vectors.

    Topics are left out: they define where one robot publishes the values, not what they mean.
    """
    first, *others = map(_action_meaning, (description.action, *description.more_actions))
    companions = [[item.type, dict(item.constants)] for item in description.companions]
    meaning = {
        'rate_hz': description.rate_hz,
        'observation': [_meaning(item) for item in description.seen_by_policy],
        'stack': [description.stack, description.previous_actions],
        'action': first,
        **({'more_actions': others} if others else {}),
        **({'companions': companions} if companions else {}),
    }
    text = json.dumps(meaning, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _action_meaning(action: ActionDescription) -> list[object]:
    """Return what defines the meaning of the numbers of one command topic."""
    return [
        [action.type, action.list_path, *action.names],
        action.unit,
        list(action.low),
        list(action.high),
        *([dict(action.constants)] if action.constants else []),
    ]


def _meaning(item: ObservationField) -> list[object]:
    """Return what defines the meaning of a field's values."""
    adapted = [item.clip and item.bounds, item.replace_nan]
    child = [] if item.child_frame is None else [['child_frame', item.child_frame]]
    order = [item.quaternion_order] if item.quaternion_order == 'wxyz' else []
    image = [_image_meaning(item.image)] if item.image else []
    return [
        [item.name, *item.element_names, item.joints],
        [item.type, item.field, item.frame],
        [item.transform, item.unit, *adapted],
        *order,
        *child,
        *image,
    ]


def _image_meaning(image: ImageDescription) -> list[object]:
    """Return what defines the meaning of an image's pixels."""
    crop = image.crop and [image.crop.left, image.crop.top, image.crop.width, image.crop.height]
    camera = [image.encoding, crop, image.depth_m] if image.encoding else []
    return ['image', *image.shape, *camera]
