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

"""How large a policy may be, from any sender."""

from dataclasses import dataclass

_BYTES_PER_NUMBER = 4
_BYTES_BESIDE_ARRAYS = 64 * 1024  # texts and scalars of a message or file


@dataclass(frozen=True)
class PolicyLimits:
    """The largest policy that a robot accepts. Sizes are compared as Python integers.

    Attributes:
        hidden_layers: number of hidden layers.
        layer_width: length of an observation, an action or a hidden layer.
        parameters: numbers in all layers together; 128 MiB of float32.
        text_length: characters of each text: fingerprint, session, names.
        log_std: largest magnitude of a bound of the log standard deviation.
        smallest_std: of an observation; its reciprocal is finite in float32.
        largest_std: of an observation; its reciprocal is not 0 in float32.
    """

    hidden_layers: int = 32
    layer_width: int = 2**16
    parameters: int = 2**25
    text_length: int = 256
    log_std: float = 60.0
    smallest_std: float = 1e-30
    largest_std: float = 1e30

    @property
    def content_bytes(self) -> int:
        """Bytes of the largest message or file."""
        numbers = self.parameters + 2 * self.layer_width  # mean and deviation of observations
        return _BYTES_PER_NUMBER * numbers + _BYTES_BESIDE_ARRAYS
