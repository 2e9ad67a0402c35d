# Copyright 2026 The rl_learner authors
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

"""The inputs of an exported policy: numbers, and images as cameras give them."""

import math

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_agent.description.image import numbers_for, unpack_pixels
from rl_learner.export.policy_with_robot import PolicyWithRobot

NUMBERS = 'observation'

Inputs = dict[str, NDArray[np.float32] | NDArray[np.uint8]]


def image_inputs(policy: PolicyWithRobot) -> dict[str, tuple[int, int, int]]:
    """Return height, width and channels of each image by the name of its input, in order."""
    encoder, robot = policy.parameters.architecture.encoder, policy.robot
    if encoder is None:
        return {}
    fields = [item.name for item in robot.seen_by_policy if item.image] if robot else []
    names = fields or [str(number) for number in range(len(encoder.images))]
    plain = [name if name.startswith('image') else f'image_{name}' for name in names]
    return dict(zip(plain, encoder.images, strict=True))


def split_inputs(policy: PolicyWithRobot, observations: Float32Array) -> Inputs:
    """Return observations, (batch, observation), as inputs by name.

    `observation`, (batch, number) float32, has what is not in an image, if there is any. Each
    image is (batch, height, width, channel) uint8.
    """
    start = policy.parameters.architecture.vector_size
    inputs: Inputs = {NUMBERS: observations[:, :start]} if start else {}
    for name, shape in image_inputs(policy).items():
        num_bytes = math.prod(shape)
        stop = start + numbers_for(num_bytes)
        pixels = unpack_pixels(observations[:, start:stop], num_bytes)
        inputs[name] = np.ascontiguousarray(pixels).reshape(-1, *shape)
        start = stop
    return inputs
