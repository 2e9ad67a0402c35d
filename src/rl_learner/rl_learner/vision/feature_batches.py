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

"""From rows with images to rows with features, and the encoder's gradient back.

The rest of an update then works as without images. The encoder belongs to the critics: it learns
from their loss alone, the actor's gradient stops at the features (SAC+AE, arXiv:1910.01741), and
the target critics see the features of the same encoder, without gradient (DrQ-v2,
arXiv:2107.09645).
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from rl_agent.description.image import stacked
from rl_agent.errors import ConfigurationError
from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_agent.policy.parameters import PolicyParameters
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.distributed.ranks import Ranks
from rl_learner.layers.image_encoder import EncoderShape
from rl_learner.replay.layout import ReplayLayout
from rl_learner.vision.encoder_gradients import encode, encoder_backward, ImagePass
from rl_learner.vision.random_shift import draw_shifts, shift
import torch
from torch import Tensor


class FeatureBatch(NamedTuple):
    """A batch for critics and actor.

    Attributes:
        rows: in the layout `FeatureBatches.layout`, (batch, width).
        shape: of the encoder.
        flat: the encoder's parameters, (1, parameter).
        passes: of the encoder at s.
    """

    rows: Tensor
    shape: EncoderShape
    flat: Tensor
    passes: list[ImagePass]

    def gradient(self, by_features: Tensor) -> Tensor:
        """Return the gradient of the critic loss by the encoder's parameters, (1, parameter).

        Args:
            by_features: gradient of the critic loss by the features at s, (batch, feature).
        """
        return encoder_backward(self.shape, self.flat, self.passes, by_features)


class FeatureBatches:
    """Encodes the images of batches.

    Attributes:
        shape: of the encoder.
        layout: of rows with features: an observation is its numbers, then the features.
    """

    def __init__(self, algorithm: Algorithm, stored: ReplayLayout) -> None:
        """Derive the encoder's shape.

        Args:
            algorithm: options of the encoder.
            stored: layout of rows with images.

        Raises:
            ConfigurationError: an option cannot be used with images.
            PolicyError: an image is too small for the encoder.
        """
        _check(algorithm)
        architecture = EncoderArchitecture(
            tuple(stacked(image, stored.stack).shape for image in stored.images),
            algorithm.encoder_channels,
            algorithm.encoder_strides,
            algorithm.encoder_features,
        )
        self.shape, self._stored = EncoderShape(architecture), stored
        self._most_shift = algorithm.random_shift
        size = stored.vector_size + architecture.output_size
        self.layout = ReplayLayout(size, stored.action_size, encoded=architecture.output_size)

    def encode(
        self, flat: Tensor, rows: Tensor, generator: torch.Generator, ranks: Ranks | None = None
    ) -> FeatureBatch:
        """Return a batch with features in place of its images, each shifted by random pixels.

        Args:
            flat: the encoder's parameters, (1, parameter).
            rows: in the stored layout, (batch, width); with ranks, those of this one.
            generator: of the shifts; the same on all ranks.
            ranks: that share the batch; None: this process has all of it.
        """
        fields, split = self._stored.unpack(rows), self._stored.vector_size
        passes, observations = [], []
        for observation in (fields.observation, fields.next_observation):
            images = self._images(observation)
            images = [self._shifted(image, generator, ranks) for image in images]
            passes.append(encode(self.shape, flat, images))
            features = [image_pass.features for image_pass in passes[-1]]
            observations.append(torch.cat([observation[:, :split], *features], dim=1))
        columns = {
            **fields._asdict(),
            'observation': observations[0],
            'next_observation': observations[1],
        }
        parts = [part if part.ndim == 2 else part[:, None] for part in columns.values()]
        return FeatureBatch(torch.cat(parts, dim=1), self.shape, flat, passes[0])

    def with_encoder(self, policy: PolicyParameters, flat: Tensor) -> PolicyParameters:
        """Return a policy that sees images, as robots need it; waits for the device.

        Args:
            policy: the actor, which sees numbers and features.
            flat: the encoder's parameters, (1, parameter).
        """
        encoder = self.shape.architecture
        size = self._stored.vector_size + encoder.packed_size
        return replace(
            policy,
            architecture=replace(policy.architecture, observation_size=size, encoder=encoder),
            parameters=np.concatenate([flat[0].cpu().numpy(), policy.parameters]),
        )

    def _images(self, observation: Tensor) -> list[Tensor]:
        """Return the images of stored observations, (batch, height, width, channel) uint8 each.

        The channels are those of its frames, the newest first.
        """
        words = observation[:, self._stored.vector_size :].contiguous()
        frames = words.view(torch.uint8).unflatten(1, (self._stored.stack, -1))
        start, images = 0, []
        for image in self._stored.images:
            part = frames[:, :, start : start + image.num_bytes].unflatten(2, image.shape)
            images.append(part.permute(0, 2, 3, 1, 4).flatten(3))
            start += image.num_bytes
        return images

    def _shifted(self, image: Tensor, generator: torch.Generator, ranks: Ranks | None) -> Tensor:
        """Return images, each shifted by its own random pixels."""
        if not self._most_shift:
            return image
        if ranks is None:
            return shift(image, draw_shifts(len(image), self._most_shift, generator))
        # those of the whole batch, so that each row gets the same as in one process
        shifts = draw_shifts(len(image) * ranks.size, self._most_shift, generator)
        return shift(image, ranks.shard(shifts, dim=0))


def _check(algorithm: Algorithm) -> None:
    """Raise ConfigurationError if an option cannot be used with images."""
    for name in ('critic_batch_norm', 'actor_batch_norm', 'normalise_observations'):
        if getattr(algorithm, name):
            raise ConfigurationError(
                f'{name}: given true with images; accepted: false, as in drq_sac, sac, tqc or droq'
            )
