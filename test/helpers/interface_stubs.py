# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Type stubs from the interface lists that tools/list_interface.py makes, for mypy."""

import json
from pathlib import Path
import re
from typing import Any


def write_stubs(listing: Path, folder: Path) -> list[Path]:
    """Write a stub for each module of a list; return the files."""
    modules: dict[str, dict[str, Any]] = json.loads(listing.read_text(encoding='utf-8'))['modules']
    files = []
    for name, facts in modules.items():
        is_package = any(other.startswith(f'{name}.') for other in modules)
        file = folder.joinpath(*name.split('.'))
        file = file / '__init__.pyi' if is_package else file.with_suffix('.pyi')
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_stub(facts, modules), encoding='utf-8')
        files.append(file)
    return files


def _stub(facts: dict[str, Any], modules: dict[str, Any]) -> str:
    """Return the text of one module's stub."""
    body: list[str] = []
    for name, fact in facts.items():
        if isinstance(fact, dict):
            bases = fact.get('bases', '').replace('?', 'Any')
            body.append(f'class {name}({bases}):')
            is_enum = _is_enum(bases, modules)
            members = [line for key, item in fact.items() for line in _member(key, item, is_enum)]
            body += [f'    {line}' for line in members] or ['    ...']
        elif fact.startswith('= '):
            module, _, origin = fact[2:].rpartition('.')
            if origin == '*':
                body.append(f'from {module} import *')
                continue
            known = module in modules and (origin in modules[module] or fact[2:] in modules)
            body.append(f'from {module} import {origin} as {name}' if known else f'{name}: Any')
        else:
            body += _member(name, fact, is_enum=False)
    text = '\n'.join(body)
    used = {name for name in modules if re.search(rf'[( ]{re.escape(name)}\.[A-Z]\w*\b', text)}
    imports = [f'import {name}' for name in sorted({*used, 'enum'})]
    return '\n'.join([*imports, 'from typing import Any', text, ''])


def _is_enum(bases: str, modules: dict[str, Any]) -> bool:
    """Return whether a class with these bases is an enumeration, perhaps by a base of a base."""
    for base in bases.split(', '):
        module, _, name = base.rpartition('.')
        found = modules.get(module, {}).get(name)
        if module == 'enum' or (
            isinstance(found, dict) and _is_enum(found.get('bases', ''), modules)
        ):
            return True
    return False


def _member(name: str, fact: str, is_enum: bool) -> list[str]:
    """Return the lines of a function, property or attribute."""
    if name == 'bases':
        return []
    signature, _, returned = fact.partition('-> ')
    returned = returned or 'Any'
    if not signature:
        if fact:
            return ['@property', f'def {name}(self) -> {returned}: ...']
        return [f'{name} = ...' if is_enum else f'{name}: Any']
    decorator, _, given = signature.strip().rpartition('(')
    words = [_parameter(word) for word in given.rstrip(')').split(', ') if word]
    returned = 'None' if name == '__init__' else returned
    return [
        *filter(None, [decorator.strip()]),
        f'def {name}({", ".join(words)}) -> {returned}: ...',
    ]


def _parameter(word: str) -> str:
    """Return a parameter with its type."""
    if word in ('self', 'cls', '*'):
        return word
    return f'{word[:-1]}: Any = ...' if word.endswith('=') else f'{word}: Any'
