# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Reads Dockerfiles, compose files and .dockerignore, as far as this project uses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
import re
from typing import Any

import yaml

_VARIABLE = re.compile(r'\$\{(\w+)(?:(:-|:\?)([^}]*))?\}')


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile.

    Attributes:
        name: such as RUN.
        rest: everything else, in one line.
    """

    name: str
    rest: str

    def words(self) -> list[str]:
        """Return the words of the exec form.

        Raises:
            ValueError: it is the shell form.
        """
        words = yaml.safe_load(self.rest)
        if not isinstance(words, list):
            raise ValueError(f'{self.name}: given {self.rest!r}; accepted: ["WORD", ...]')
        return words


def read_dockerfile(path: Path) -> list[list[Instruction]]:
    """Return the instructions before the first stage, then those of each stage."""
    text = re.sub(r'^#.*\n', '', path.read_text(encoding='utf-8'), flags=re.MULTILINE)
    stages: list[list[Instruction]] = [[]]
    for line in re.sub(r'\\\n', ' ', text).splitlines():
        if not line.strip():
            continue
        name, _, rest = line.partition(' ')
        if name == 'FROM':
            stages.append([])
        stages[-1].append(Instruction(name, ' '.join(rest.split())))
    return stages


def read_compose(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return a compose file with its variables replaced.

    Raises:
        KeyError: a variable that must be given is not.
    """

    def value_of(match: re.Match[str]) -> str:
        name, operator, default = match.groups()
        if variables.get(name):
            return variables[name]
        if operator == ':-':
            return str(default)
        raise KeyError(name)

    text = re.sub(r'^\s*#.*$', '', path.read_text(encoding='utf-8'), flags=re.MULTILINE)
    content: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(value_of, text))
    return content


def is_sent_to_docker(path: str, ignore_file: Path) -> bool:
    """Return whether .dockerignore leaves a file in the build context; the last match decides."""
    sent = True
    for line in ignore_file.read_text(encoding='utf-8').splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith('#'):
            continue
        if _matches(path, pattern.removeprefix('!')):
            sent = pattern.startswith('!')
    return sent


def _matches(path: str, pattern: str) -> bool:
    """Return whether a pattern names a path, or a folder above it."""
    candidates = [path, *(str(parent) for parent in PurePosixPath(path).parents)][:-1]
    expression = re.escape(pattern.strip('/'))
    expression = expression.replace(r'\*\*/', '(.*/)?').replace(r'\*', '[^/]*')
    return any(re.fullmatch(expression, candidate) for candidate in candidates)
