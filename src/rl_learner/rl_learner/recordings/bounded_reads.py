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

"""Paths for readers that trust the lengths in a file: no read asks for more than the file has.

A reader of MCAP that is given a wrong length would ask for that much memory before it notices
that the file ends earlier.
"""

import io
from pathlib import PosixPath
from typing import Any


class BoundedPath(PosixPath):
    """A path whose files are read in bounds."""

    def open(self, mode: str = 'r', *arguments: Any, **options: Any) -> Any:
        """Open the file, see `pathlib.Path.open`."""
        if mode != 'rb':
            return super().open(mode, *arguments, **options)
        return _BoundedFile(io.FileIO(self, 'rb'))


class _BoundedFile(io.BufferedReader):
    """A file opened to read bytes."""

    def __init__(self, file: io.FileIO) -> None:
        """Note the size of the file."""
        super().__init__(file)
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, at most as many as the file has."""
        if size is None or size < 0:
            return super().read()
        return super().read(min(size, max(0, self._size - self.tell())))
