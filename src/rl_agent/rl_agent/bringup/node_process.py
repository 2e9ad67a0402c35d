# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
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
