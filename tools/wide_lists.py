# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Lists as mkdocs wants them: what belongs to an item is indented by four spaces."""

import re

_ITEM = re.compile(r'(?:-|\d+\.) ')


def with_wide_lists(markdown: str) -> str:
    """Return a page in whose lists everything is indented by four spaces.

    In the repository the content of an item begins below its first letter; mkdocs takes nested
    lists and code for part of a list from four spaces on only.
    """
    lines, width, in_code = [], 0, False
    for line in markdown.splitlines():
        if line.startswith('```'):
            in_code = not in_code
        if not in_code and line and not line.startswith(' '):
            item = _ITEM.match(line)
            width = len(item[0]) if item else 0
        inside = not in_code and width and line.startswith(' ' * width)
        lines.append(' ' * (4 - width) + line if inside else line)
    return '\n'.join(lines) + '\n'
