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

"""`rl_keys`: makes, shows, changes and removes the keys of a fleet."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rl_agent.security.key_folder import (
    add_keys,
    FILES,
    list_keys,
    make_keys,
    remove_key,
    use_other_keys,
)
from rl_agent.system.tool_main import run_tool, tool_parser

_EXAMPLES = """
  rl_keys make keys                        # new keys in the folder `keys`
  rl_keys show keys                        # which keys there are, and what for
  rl_keys rotate keys                      # a second key of each kind, accepted but not used yet
  rl_keys rotate keys --use                # once all machines have the files: use the second keys
  rl_keys remove keys 0123456789abcdef     # once all machines have them: end with an old key
"""
_EXIT_CODES = 'exit codes: 0 done, 2 wrong usage, a file that cannot be used, 130 interrupted'


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = tool_parser(
        'rl_keys',
        'Make and change the keys by which robots recognise the policies of their'
        '\nlearner, and the learner machine the transitions of its robots.',
        _EXAMPLES,
        _EXIT_CODES,
    )
    parser.add_argument(
        'action',
        choices=('make', 'show', 'rotate', 'remove'),
        metavar='ACTION',
        help='make, show, rotate or remove',
    )
    parser.add_argument('folder', type=Path, metavar='FOLDER', help='folder of the key files')
    parser.add_argument(
        'key', nargs='?', metavar='KEY', help='with remove: id of the key, as `show` prints it'
    )
    parser.add_argument(
        '--use', action='store_true', help='with rotate: use the second keys from now on'
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says and exit."""
    run_tool(_work, arguments)


def _work(words: list[str]) -> int:
    """Do what the words say; return the exit code."""
    parser = make_parser()
    options = parser.parse_args(words)
    if (options.key is not None) != (options.action == 'remove'):
        parser.error('KEY: accepted: an id of `rl_keys show`, with remove and only with it')
    if options.use and options.action != 'rotate':
        parser.error(f'--use: given with {options.action}; accepted: with rotate')
    print('\n'.join(_run(options)))
    return 0


def _run(options: argparse.Namespace) -> list[str]:
    """Do what the options say; return the lines to print."""
    folder = options.folder
    if options.action == 'make':
        make_keys(folder)
        return [*_table(folder), '', *(f'{name}: for {place}' for name, place in FILES.items())]
    if options.action == 'rotate':
        (use_other_keys if options.use else add_keys)(folder)
        last = 'remove' if options.use else 'rotate --use'
        return [
            *_table(folder),
            '',
            f'next: copy the files to all machines, restart their nodes, then `rl_keys {last}`',
        ]
    if options.action == 'remove':
        file = remove_key(folder, options.key)
        return [f'{options.key} removed from {file}', *_table(folder)]
    return _table(folder)


def _table(folder: Path) -> list[str]:
    """Return a line for each key."""
    return [f'{key.file:<17} {key.id}  {key.use}' for key in list_keys(folder)]


if __name__ == '__main__':
    main()
