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

"""Runs a node that a launch file starts: `python -m rl_agent.bringup.node_process MODULE ...`.

A node imports for seconds before it can handle signals. A Ctrl-C in that time, or another node
that fails at once, would print a stack trace for each node, in which the reason is lost.
"""

from importlib import import_module
import os
import signal
import sys
from types import FrameType


def leave_on_interrupt() -> None:
    """Let SIGINT end this process without a word, as SIGTERM does, until a node handles both."""
    signal.signal(signal.SIGINT, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once with 0, as a node does; nothing was started that needs an orderly end."""
    os._exit(0)


def main() -> None:
    """Run the `main` of the module that the command line names."""
    leave_on_interrupt()
    module = sys.argv.pop(1)
    import_module(module).main()


if __name__ == '__main__':
    main()
