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

"""Shows a text that changes in place on a terminal."""

import os
import shutil
import sys
from typing import TextIO

_CLEAR, _HOME, _REST_OF_LINE, _BELOW = '\x1b[2J', '\x1b[H', '\x1b[K', '\x1b[J'


def is_terminal(stream: TextIO | None = None) -> bool:
    """Return whether a stream, by default the standard output, can show a text in place."""
    return (stream or sys.stdout).isatty() and os.environ.get('TERM', 'dumb') != 'dumb'


class LiveDisplay:
    """Replaces the text on the terminal by the next one."""

    def __init__(self) -> None:
        """Begin with what is on the terminal."""
        self._is_empty = False

    def show(self, text: str) -> None:
        """Show a text, as much of it as fits."""
        size = shutil.get_terminal_size()
        lines = fitted(text.splitlines(), size.columns, size.lines)
        first = _HOME if self._is_empty else _CLEAR + _HOME
        self._is_empty = True
        body = '\n'.join(f'{line}{_REST_OF_LINE}' for line in lines)
        sys.stdout.write(f'{first}{body}\n{_BELOW}')
        sys.stdout.flush()


def fitted(lines: list[str], columns: int, height: int) -> list[str]:
    """Return the lines cut to a width and a height, the last of which stays free."""
    room = max(height - 1, 1)
    if len(lines) > room:
        hidden = len(lines) - room + 1
        lines = [*lines[: room - 1], f'... {hidden} more lines: a taller terminal, or --json']
    return [line[:columns] for line in lines]
