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

"""Whether an unknown ROS parameter is a mistake or meant for another node.

A parameter file may have parameters for every node (`/**:`), and a launch file may set one for all
nodes that follow (SetParameter). A node ignores those of others. One that is like a parameter of
this node, or that is given for this node by its name, is a mistake.
"""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
import itertools
from pathlib import Path
from typing import Any

from rl_agent.bounded_files import read_yaml_value
from rl_agent.errors import ConfigurationError

_PARAMETERS = 'ros__parameters'
_LIKE = 0.8
_SHORTEST_WORD = 3  # `robot_ip` is no misspelt `robot_id`
_SHORTEST_NAME = 5  # `speed` is no misspelt `seed`


def meant(name: str, known: Iterable[str]) -> str:
    """Return the known parameter of which a name seems to be misspelt; empty: none."""
    ratios = {other: SequenceMatcher(None, name, other).ratio() for other in known}
    like = [other for other, ratio in ratios.items() if _is_like(name, other, ratio)]
    return max(like, key=lambda other: ratios[other], default='')


def _is_like(name: str, other: str, ratio: float) -> bool:
    """Return whether names are similar, and do not differ by a whole short word."""
    words, others = name.split('_'), other.split('_')
    different = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    is_other_word = len(words) == len(others) and any(
        len(word) < _SHORTEST_WORD for pair in different for word in pair
    )
    return ratio >= _LIKE and len(other) >= _SHORTEST_NAME and not is_other_word


def given_by_name(words: Sequence[str], node: str) -> set[str]:
    """Return the parameters that a command line gives for one node by its name.

    Args:
        words: of the command line, also with `--params-file`.
        node: full name of the node.
    """
    names: set[str] = set()
    for option, word in itertools.pairwise(words):
        if option in ('-p', '--param'):
            target, colon, name = word.partition(':=')[0].rpartition(':')
            if colon and _is_node(target, node):
                names.add(name)
        elif option == '--params-file':
            names |= _in_file(Path(word), node)
    return names


def _is_node(target: str, node: str) -> bool:
    """Return whether a key of a parameter file, or the prefix of `-p`, is this node's name."""
    return '*' not in target and target.strip('/') in (node.strip('/'), node.rpartition('/')[2])


def _in_file(path: Path, node: str) -> set[str]:
    """Return the parameters that a file gives for a node by its name."""
    try:
        content = read_yaml_value(path)
    except ConfigurationError:  # rcl has read it, by its own rules
        return set()
    return _under(content, '', node)


def _under(content: Any, prefix: str, node: str) -> set[str]:
    """Return the parameters for a node below a namespace of a parameter file."""
    names: set[str] = set()
    if isinstance(content, dict):
        for key, inner in content.items():
            if key == _PARAMETERS and prefix and _is_node(prefix, node):
                names |= _flat(inner, '')
            elif key != _PARAMETERS:
                names |= _under(inner, f'{prefix}/{key}'.replace('//', '/'), node)
    return names


def _flat(content: Any, prefix: str) -> set[str]:
    """Return the names of parameters, nested ones with dots."""
    if not isinstance(content, dict):
        return {prefix} if prefix else set()
    return {
        name
        for key, inner in content.items()
        for name in _flat(inner, f'{prefix}.{key}'.lstrip('.'))
    }
