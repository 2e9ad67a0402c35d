# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Values that few readers expect, and trees of values, as in YAML, that are broken by them."""

from collections.abc import Callable
import copy
from random import Random
from typing import Any

_INTEGERS = (0, 1, 2, 127, 128, 255, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63)

# What a leaf, or a whole branch, of a tree is replaced by.
_ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    2**64,
    -(2**63) - 1,
    10**30,
    10**400,
    0.5,
    -0.0,
    1e-320,
    1e30,
    1e308,
    float('nan'),
    float('inf'),
    float('-inf'),
    '',
    ' ',
    '0',
    'nan',
    '1e999',
    '..',
    '../../x',
    '/',
    '~',
    '\0',
    '\n',
    '\ud800',
    '\u202e\U0001f600',
    '%s%n{}',
    'x' * 300,
    '9' * 5000,
    '2024-13-45',
    '0:3:1',
    '0:99999999999999999999:1',
    [],
    {},
    [[]],
    [None],
    [0] * 2000,
    ['x', 'x'],
    {'': 0},
    {'x': {'x': {'x': {}}}},
)


def break_tree(tree: Any, rng: Random) -> Any:
    """Return a copy of nested mappings and lists with one to three broken places."""
    broken = [copy.deepcopy(tree)]  # in a list, so that the root can be replaced
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        parent, key = rng.choice(_places(broken))
        rng.choice(_TREE_CHANGES)(parent, key, rng)
    return broken[0] if broken else None


def odd_value(rng: Random) -> Any:
    """Return a value that few readers expect; nested ones are copies."""
    if rng.random() < 0.02:
        return _nested(rng.choice((10, 63, 65, 200)))
    return copy.deepcopy(rng.choice(_ODD_VALUES))


def odd_integer(rng: Random, bits: int = 64) -> int:
    """Return an unsigned integer near a limit, of at most some bits."""
    near = rng.choice(_INTEGERS) + rng.choice((-1, 0, 0, 1))
    return rng.choice((near, (1 << bits) - near, rng.getrandbits(bits))) % (1 << bits)


def odd_float(rng: Random) -> float:
    """Return a number that calculations do not expect."""
    odd = (float('nan'), float('inf'), float('-inf'), 3e38, -3e38, 1e-45, 0.0, -0.0, 1e10, 2.0)
    return rng.choice(odd)


def odd_text(rng: Random) -> str:
    """Return a text that can be serialised, but that no name contains."""
    odd = ('', '\0', '..', 'a/b', '\n', '\x1b[2J', '\u202e', '\U0001f600', 'x' * 300, 'x' * 70_000)
    return rng.choice(odd)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return parent and key of every value in a list or mapping."""
    found: list[tuple[Any, Any]] = []
    parents = [tree]
    while parents:
        parent = parents.pop()
        keys = list(parent) if isinstance(parent, dict) else range(len(parent))
        for key in keys:
            found.append((parent, key))
            if isinstance(parent[key], (dict, list)):
                parents.append(parent[key])
    return found or [(tree, 0)]


def _replace(parent: Any, key: Any, rng: Random) -> None:
    if isinstance(parent, dict) or key < len(parent):
        parent[key] = odd_value(rng)


def _delete(parent: Any, key: Any, rng: Random) -> None:
    if isinstance(parent, dict) or key < len(parent):
        del parent[key]


def _rename(parent: Any, key: Any, rng: Random) -> None:
    if isinstance(parent, dict):
        parent[rng.choice((f'{key}x', str(key)[1:], '', 'name', '\0'))] = parent.pop(key)


def _add(parent: Any, key: Any, rng: Random) -> None:
    if isinstance(parent, dict):
        parent[rng.choice(('x', '', str(key).upper()))] = odd_value(rng)
    else:
        parent.append(odd_value(rng))


def _double(parent: Any, key: Any, rng: Random) -> None:
    """Repeat an element of a list, or nest a value once more."""
    if isinstance(parent, list) and key < len(parent):
        parent.extend([parent[key]] * rng.choice((1, 1, 70)))
    elif isinstance(parent, dict):
        parent[key] = [parent[key]]


def _exchange(parent: Any, key: Any, rng: Random) -> None:
    """Exchange a value with its neighbour."""
    keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
    if keys and (isinstance(parent, dict) or key < len(parent)):
        other = rng.choice(keys)
        parent[key], parent[other] = parent[other], parent[key]


_TREE_CHANGES: tuple[Callable[[Any, Any, Random], None], ...] = (
    _replace,
    _replace,
    _replace,
    _delete,
    _rename,
    _add,
    _double,
    _exchange,
)


def _nested(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value
