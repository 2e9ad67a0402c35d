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

"""`rl_completion`: tab completion of the tools' options, files and robots, for bash and zsh."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rl_agent.configuration import config_folder
from rl_agent.errors import ConfigurationError
from rl_agent.health import rl_health
from rl_agent.robot_check import check_robot
from rl_agent.robot_draft import rl_describe
from rl_agent.security import rl_keys
from rl_learner.cli import (
    command_line,
    dashboard,
    demonstrate,
    evaluate,
    export,
    export_dataset,
    import_recordings,
    plan,
    plot,
    runs,
    train,
)

_EXAMPLES = """
  eval "$(rl_completion bash)"                    # for this shell
  rl_completion bash > ~/.rl_completion.bash      # for all shells: in ~/.bashrc
  source ~/.rl_completion.bash
  rl_completion zsh > ~/.rl_completion.zsh        # in ~/.zshrc after compinit
  eval "$(< ~/.rl_completion.zsh)"
"""
_MODULES = (
    check_robot,
    dashboard,
    demonstrate,
    evaluate,
    export,
    export_dataset,
    import_recordings,
    plan,
    plot,
    rl_describe,
    rl_health,
    rl_keys,
    runs,
    train,
)
_FOLDERS = ('run', 'runs', 'resume', 'delete')
# Robots of this project are completed by name, others as files.
_ROBOTS = {
    'bash': '_rl_robot_files() {{ compgen -W "{names}" -- "$1"; compgen -f -- "$1"; }}',
    'zsh': '_rl_robot_files() {{ compadd {names}; _files -g "*.(yaml|yml)"; }}',
}


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_completion',
        'Print a script that lets a shell complete the options, run folders and robots of these'
        '\ntools with the tab key. Nothing of this project runs when you press the key.',
        _EXAMPLES,
    )
    parser.add_argument('shell', choices=sorted(_ROBOTS), help='shell to complete in')
    return parser


def script(shell: str) -> str:
    """Return the completion script for a shell.

    Raises:
        ConfigurationError: the package shtab is missing.
    """
    try:
        import shtab
    except ImportError as error:
        raise ConfigurationError(
            f'{error}; accepted: after `make setup`, or pip install shtab'
        ) from error
    names = sorted(path.stem for path in (config_folder() / 'robots').glob('*.yaml'))
    completers = {
        'robot': dict.fromkeys(_ROBOTS, '_rl_robot_files'),
        'folder': shtab.DIRECTORY,
        'file': shtab.FILE,
    }
    parts = [_ROBOTS[shell].format(names=' '.join(names))]
    for parser in parsers():
        for action in parser._actions:
            if kind := _kind(action):
                action.complete = completers[kind]  # type: ignore[attr-defined]  # for shtab
        # shtab's pattern for several arguments lets zsh complete only the first
        parts.append(shtab.complete(parser, shell).replace('(*)', '*'))
    return '\n'.join(parts)


def _kind(action: argparse.Action) -> str:
    """Return what an argument names: `robot`, `folder`, `file`, or an empty string."""
    if action.dest == 'robot':
        return 'robot'
    if action.dest in _FOLDERS:
        return 'folder'
    return 'file' if action.type is Path else ''


def parsers() -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of each tool, including this one."""
    yield make_parser()
    for module in _MODULES:
        yield module.make_parser()


def _run(options: argparse.Namespace) -> int:
    """Print the script."""
    print(script(options.shell))
    return command_line.DONE


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
