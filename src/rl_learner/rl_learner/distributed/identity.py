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

"""What must be the same on all ranks: the code, and the command that started them."""

from collections.abc import Sequence
import hashlib
from pathlib import Path

import rl_learner
import torch


def identity(arguments: Sequence[str]) -> dict[str, str]:
    """Return what ranks compare, by name.

    Args:
        arguments: of the command.
    """
    return {
        'rl_learner': _digest(Path(rl_learner.__file__).parent),
        'torch': torch.__version__,
        'arguments': ' '.join(arguments),
    }


def _digest(folder: Path) -> str:
    """Return a digest of all modules in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob('*.py')):
        digest.update(str(path.relative_to(folder)).encode() + b'\0' + path.read_bytes())
    return digest.hexdigest()[:16]
