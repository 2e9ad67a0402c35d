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

"""The `main()` of a command-line tool: its errors in words, its exit codes as shells have them."""

import argparse
from collections.abc import Callable, Sequence
import os
import sys
from typing import NoReturn

from rl_agent.errors import ConfigurationError, WRONG_CONFIGURATION

INTERRUPTED = 130  # the exit code of shells after Ctrl-C
_PIPE_CLOSED = 141  # the exit code of shells after SIGPIPE
_ROS_ARGS = '--ros-args'


def run_tool(work: Callable[[list[str]], int], arguments: Sequence[str] | None) -> NoReturn:
    """Do the work of a tool, and exit.

    Args:
        work: gets the words of the command line; returns the exit code.
        arguments: these words; None: those of this process.
    """
    try:
        code = work(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except ConfigurationError as error:
        print(f'error: {error}', file=sys.stderr)
        code = WRONG_CONFIGURATION
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _PIPE_CLOSED
    sys.exit(code)


def split_ros_args(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words of a tool, and those for ROS, from `--ros-args` on."""
    split = words.index(_ROS_ARGS) if _ROS_ARGS in words else len(words)
    return words[:split], words[split:]


def run_ros_tool(
    parse: Callable[[list[str]], argparse.Namespace],
    tool: Callable[[argparse.Namespace, list[str]], int],
    arguments: Sequence[str] | None,
) -> NoReturn:
    """Do the work of a tool that takes arguments for ROS, too, and exit.

    Args:
        parse: returns the options in the words of the tool.
        tool: gets the options and the words for ROS; returns the exit code.
        arguments: all words; None: those of this process.
    """

    def work(words: list[str]) -> int:
        given, ros_args = split_ros_args(words)
        return tool(parse(given), ros_args)

    run_tool(work, arguments)


def tool_parser(
    name: str, description: str, examples: str, exit_codes: str
) -> argparse.ArgumentParser:
    """Return a parser whose help ends with examples and exit codes."""
    return argparse.ArgumentParser(
        prog=name,
        description=description,
        epilog=f'examples:\n{examples.strip(chr(10))}\n\n{exit_codes}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
