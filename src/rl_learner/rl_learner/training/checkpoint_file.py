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

"""One checkpoint as bytes: PyTorch's archive, and in its comment a hash of all bytes before.

`torch.load` does not compare the checksums in its archives, so a flipped bit would load as another
number. A ZIP archive may end with a comment, so every program that reads a PyTorch file reads
these, too.
"""

import hashlib
import io
from pathlib import Path
from typing import Any

from rl_agent.errors import TrainingError
import torch

_WITHOUT_HASH, _FORMAT = 1, 2
_LABEL = b'rl_learner sha256 '
_DIGEST_SIZE = 2 * hashlib.sha256().digest_size  # in hexadecimal digits
_COMMENT_SIZE = len(_LABEL) + _DIGEST_SIZE
_LENGTH_SIZE = 2  # the length of the comment ends the archive


def encode(state: dict[str, Any]) -> bytes:
    """Return the content of a checkpoint.

    Args:
        state: nested dictionaries and lists of tensors, numbers and text.
    """
    archive = io.BytesIO()
    torch.save({'format': _FORMAT, 'state': state}, archive)
    archive.seek(-_LENGTH_SIZE, io.SEEK_END)
    archive.write(_COMMENT_SIZE.to_bytes(_LENGTH_SIZE, 'little') + _LABEL)
    content = archive.getvalue()
    return content + _digest(content)


def read(path: Path, device: torch.device | str = 'cpu') -> dict[str, Any]:
    """Return the state in a checkpoint.

    Checkpoints of before the hash are read without one; nothing else is.

    Raises:
        TrainingError: it cannot be read, or is not as it was written; the text begins with the
            reason, not with the path.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrainingError(f'cannot be read: {error.strerror}') from error
    return decode(content, device)


def decode(content: bytes, device: torch.device | str = 'cpu') -> dict[str, Any]:
    """Return the state in the content of a checkpoint; raises like `read`."""
    sealed, digest = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
    has_hash = sealed.endswith(_LABEL)
    if has_hash and digest != _digest(sealed):
        raise TrainingError(
            f'its {len(content)} bytes do not have the SHA-256 written with them, so at least one'
            ' bit has changed'
        )
    try:
        loaded = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
        given, state = loaded['format'], loaded['state']
    except Exception as error:  # a damaged file can fail in many ways
        raise TrainingError(_first_sentence(error)) from error
    if given != (_FORMAT if has_hash else _WITHOUT_HASH):
        accepted = f'{_FORMAT} with a hash, {_WITHOUT_HASH} without'
        raise TrainingError(
            f'format {given!r} {"with" if has_hash else "without"} a hash; accepted: {accepted}'
        )
    if not isinstance(state, dict):
        raise TrainingError(f'a state of type {type(state).__name__}; accepted: a dictionary')
    return state


def _digest(content: bytes) -> bytes:
    """Return the SHA-256 of some bytes in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest().encode()


def _first_sentence(error: Exception) -> str:
    """Return why a file cannot be loaded: the first sentence of the error, shortened."""
    sentence = ' '.join(str(error).split()).partition('. ')[0]
    return sentence[:200] or type(error).__name__
