# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A message as text for people: a line for each field that is not 0, equal neighbours in one."""

from collections.abc import Iterator, Sequence
from typing import Any

from rl_agent.message_fields.ros_field_paths import parse_path

_MAX_ITEMS = 16  # of longer lists only the first are shown


def message_lines(message: Any) -> list[str]:
    """Return the fields of a message that are not 0, false or empty, one a line.

    Fields of messages in a list share a line: `motor_cmd[0:12].kp: 40` for twelve equal ones,
    `motor_cmd[0:2].q: 0.5 -0.5` otherwise.
    """
    lines: list[str] = []
    rows = [(path, text) for path, text in _leaves('', message) if text is not None]
    groups: dict[str, list[tuple[int, str]]] = {}
    for path, text in rows:
        key, index = _grouped(path)
        groups.setdefault(key, []).append((index, text))
    for key, items in groups.items():
        lines += [f'{key.replace("*", span)}: {text}' for span, text in _runs(items)]
    return lines


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str | None]]:
    """Yield path and text of the fields below a path, depth first; None for 0 and empty."""
    if hasattr(value, 'get_fields_and_field_types'):
        for name in value.get_fields_and_field_types():
            yield from _leaves(f'{path}.{name}'.lstrip('.'), getattr(value, name))
    elif isinstance(value, str):
        yield path, repr(value) if value else None
    elif not hasattr(value, '__len__'):
        yield path, _in_words(value) if value else None
    elif len(value) and hasattr(value[0], 'get_fields_and_field_types'):
        for index, item in enumerate(value):
            yield from _leaves(f'{path}[{index}]', item)
    else:
        shown = ' '.join(map(_in_words, value[:_MAX_ITEMS]))
        more = f' ... ({len(value)})' if len(value) > _MAX_ITEMS else ''
        yield path, f'[{shown}{more}]' if any(value) else None


def _in_words(value: Any) -> str:
    """Return a number or a text in few characters."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str | bytes) else f'{value:.6g}'


def _grouped(path: str) -> tuple[str, int]:
    """Return a path with `*` for its first index, and this index; 0 if it has none."""
    steps = parse_path(path)
    index = next((step.index for step in steps if step.index is not None), None)
    if index is None:
        return path, 0
    return path.replace(f'[{index}]', '[*]', 1), index


def _runs(items: Sequence[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Yield the adjacent indices of a field, as index or slice, with their common text or all."""
    start = 0
    for end in range(1, len(items) + 1):
        if end < len(items) and items[end][0] == items[end - 1][0] + 1:
            continue
        first, texts = items[start][0], [text for _, text in items[start:end]]
        span = f'{first}:{first + len(texts)}' if len(texts) > 1 else f'{first}'
        yield span, texts[0] if len(set(texts)) == 1 else ' '.join(texts)
        start = end
