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

"""Checkpoints: written atomically, the newest few kept, damaged ones skipped."""

from collections.abc import Iterator
import logging
from pathlib import Path
from typing import Any

from rl_agent.errors import DiskError, TrainingError
from rl_agent.system.atomic_file import atomic_file
from rl_learner.training import checkpoint_file
import torch

_LOGGER = logging.getLogger(__name__)
_PATTERN = 'checkpoint_*.pt'


class Checkpoints:
    """A folder of checkpoints, numbered by critic updates."""

    def __init__(self, folder: Path | str, *, keep: int = 3) -> None:
        """Use a folder, which the first checkpoint creates.

        Args:
            folder: of the files.
            keep: number of newest checkpoints to keep, 1 or more.
        """
        self.folder = Path(folder)
        self._keep = keep

    @property
    def paths(self) -> list[Path]:
        """The existing checkpoints, newest first."""
        return sorted(self.folder.glob(_PATTERN), reverse=True)

    def save(self, state: dict[str, Any], updates: int) -> Path:
        """Write a checkpoint and return its path; on return it is on disk.

        Args:
            state: nested dictionaries and lists of tensors, numbers and text.
            updates: critic updates so far.

        Raises:
            DiskError: the write failed; existing checkpoints are unchanged.
            TrainingError: a tensor is not finite; existing checkpoints are unchanged.
        """
        for name, tensor in _tensors(state, ''):
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise TrainingError(
                    f'checkpoint after {updates} updates: {name} is not finite; not written'
                )
        path = self.folder / f'checkpoint_{updates:012d}.pt'
        content = checkpoint_file.encode(state)
        try:
            with atomic_file(path) as file:
                file.write(content)
            # newer ones, damaged when this training resumed, do not count
            for old in [kept for kept in self.paths if kept <= path][self._keep :]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise DiskError(f'{path}: cannot be written: {error}') from error
        return path

    def load(self, device: torch.device | str = 'cpu') -> dict[str, Any] | None:
        """Return the state of the newest readable checkpoint, or None if the folder has none.

        Damaged checkpoints are skipped with a warning.

        Raises:
            TrainingError: all checkpoints are damaged.
        """
        paths = self.paths
        reason = ''
        for path in paths:
            try:
                return checkpoint_file.read(path, device)
            except TrainingError as error:
                reason = str(error)
            if path != paths[-1]:
                _LOGGER.warning('%s cannot be read, trying the previous one: %s', path, reason)
        if paths:
            raise TrainingError(
                f'{self.folder}: none of {len(paths)} checkpoints can be read; the oldest:'
                f' {reason}; move them away to start anew'
            )
        return None


def _tensors(content: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors in nested dictionaries and lists, with their paths."""
    if isinstance(content, torch.Tensor):
        yield name, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _tensors(value, f'{name}.{key}' if name else str(key))
    elif isinstance(content, (list, tuple)):
        for index, value in enumerate(content):
            yield from _tensors(value, f'{name}[{index}]')
