# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Lists the interface of ROS 2's Python packages: names, members, parameters, as JSON.

    git -C rclpy archive humble | tar x -C /tmp/humble     # and launch, launch_ros
    .venv/bin/python tools/list_interface.py 'rclpy 3.3.15, ...' /tmp/humble/rclpy/rclpy ... \
        > test/project/interfaces/humble.json

A test compares our use with these lists, so that a distribution that is not installed is checked,
too. The folders are the Python packages themselves; what they import from C is listed as unknown.
"""

import ast
import builtins
import json
from pathlib import Path
import sys
from typing import Any, Dict, Iterator, List, Optional, Union

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
Facts = Dict[str, Any]
# Private, but used where there is no other way.
KEPT = ('_is_shutdown', '_parameter_overrides')
_ENUMS = ('Enum', 'Flag', 'IntEnum', 'IntFlag')
_WITHOUT_MEMBERS = ('ABC', 'Generic', 'Protocol', 'object')


def list_package(folder: Path) -> Dict[str, Facts]:
    """Return the facts of each public module of a package, by its dotted name."""
    modules = {}
    for path in sorted(folder.rglob('*.py')):
        parts = list(path.relative_to(folder.parent).with_suffix('').parts)
        is_package = parts[-1] == '__init__'
        parts = parts[:-1] if is_package else parts
        if not any(part.startswith('_') or part == 'test' for part in parts):
            modules['.'.join(parts)] = _Module(path, parts, is_package).facts()
    return modules


class _Module:
    """A module: what its names stand for, and which of them it offers."""

    def __init__(self, path: Path, parts: List[str], is_package: bool) -> None:
        self._name, self._top = '.'.join(parts), parts[0]
        self._package = parts if is_package else parts[:-1]
        self._body = ast.parse(path.read_text(encoding='utf-8')).body
        self._meaning: Dict[str, str] = {}
        for statement in _statements(self._body, typing_too=True):
            for name, target in self._imported(statement):
                self._meaning[name] = target
            if isinstance(statement, ast.ClassDef):
                self._meaning[statement.name] = self._name + '.' + statement.name

    def facts(self) -> Facts:
        """Return each public name: a class's members, a function's parameters, or its origin."""
        found: Facts = {}
        for statement in _statements(self._body):
            for name, target in self._imported(statement):
                if target.split('.')[0] == self._top and not name.startswith('_'):
                    found[target if name == '*' else name] = '= ' + target
            if isinstance(statement, ast.ClassDef) and _is_public(statement.name):
                bases = ', '.join(self._bases(statement))
                members = self._members(statement)
                found[statement.name] = {'bases': bases, **members} if bases else members
            elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if _is_public(statement.name):
                    found[statement.name] = self._signature(statement)
            else:
                found.update((name, '') for name in _assigned(statement) if _is_public(name))
        return found

    def _imported(self, statement: ast.stmt) -> Iterator[Any]:
        """Yield the names that an import binds, each with what it stands for."""
        if isinstance(statement, ast.ImportFrom):
            above = self._package[: len(self._package) + 1 - statement.level]
            start = [*(above if statement.level else []), *filter(None, [statement.module])]
            for item in statement.names:
                yield item.asname or item.name, '.'.join([*start, item.name])
        elif isinstance(statement, ast.Import):
            for item in statement.names:
                if item.asname:
                    yield item.asname, item.name

    def _bases(self, found: ast.ClassDef) -> Iterator[str]:
        """Yield the base classes that offer members; `?`: one that is unknown."""
        for base in found.bases:
            inner = base.value if isinstance(base, ast.Subscript) else base
            name = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, 'id', '?')
            if name in _WITHOUT_MEMBERS:
                continue
            if name in _ENUMS:
                yield 'enum.' + name
            elif hasattr(builtins, name):
                yield name
            else:
                yield self._class(inner) or '?'

    def _class(self, node: Optional[ast.expr]) -> str:
        """Return the full name of a class of this package; empty: of another, or several."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode='eval').body
        if isinstance(node, ast.Subscript):  # generic, as in Publisher[MsgT]
            node = node.value
        if isinstance(node, ast.Name):
            name = self._meaning.get(node.id, '')
            return name if name.split('.')[0] == self._top else ''
        return ''

    def _members(self, found: ast.ClassDef) -> Facts:
        """Return methods and attributes, including those that methods set on `self`."""
        members: Facts = {}
        for statement in _statements(found.body):
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for name in filter(_is_public, _set_on_self(statement)):
                    members.setdefault(name, '')
                if _is_public(statement.name) and not _is_setter(statement):
                    members[statement.name] = self._signature(statement)
            elif isinstance(statement, ast.ClassDef):
                members[statement.name] = ''
            else:
                members.update((name, '') for name in _assigned(statement) if _is_public(name))
        return members

    def _signature(self, function: Function) -> str:
        """Return `(self, a, b=, *, c=) -> Class`, or ` -> Class` of a property."""
        given = function.args
        names = [item.arg for item in [*getattr(given, 'posonlyargs', []), *given.args]]
        first_default = len(names) - len(given.defaults)
        words = [name + '=' * (index >= first_default) for index, name in enumerate(names)]
        if given.vararg or given.kwonlyargs:
            words.append('*' + (given.vararg.arg if given.vararg else ''))
        for item, default in zip(given.kwonlyargs, given.kw_defaults):
            words.append(item.arg + '=' * (default is not None))
        if given.kwarg:
            words.append('**' + given.kwarg.arg)
        kinds = _decorators(function)
        is_async = isinstance(function, ast.AsyncFunctionDef) or 'contextmanager' in kinds
        returned = '' if is_async else self._class(function.returns)
        arrow = ' -> ' + returned if returned else ''
        if 'property' in kinds:
            return arrow.strip()
        static = '@staticmethod ' if 'staticmethod' in kinds else ''
        static = '@classmethod ' if 'classmethod' in kinds else static
        return static + '(' + ', '.join(words) + ')' + arrow


def _statements(body: List[ast.stmt], *, typing_too: bool = False) -> Iterator[ast.stmt]:
    """Yield statements, also those under `if` and `try`; not those for type checkers only."""
    for statement in body:
        if isinstance(statement, ast.If):
            is_typing = 'TYPE_CHECKING' in ast.dump(statement.test)
            inner = statement.body if typing_too or not is_typing else []
            yield from _statements([*inner, *statement.orelse], typing_too=typing_too)
        elif isinstance(statement, ast.Try):
            handlers = [inner for handler in statement.handlers for inner in handler.body]
            yield from _statements([*statement.body, *handlers], typing_too=typing_too)
        else:
            yield statement


def _assigned(statement: ast.stmt) -> Iterator[str]:
    """Yield the plain names that a statement assigns."""
    targets: List[Any] = list(getattr(statement, 'targets', []))
    targets += [statement.target] if isinstance(statement, ast.AnnAssign) else []
    for target in targets:
        for node in target.elts if isinstance(target, ast.Tuple) else [target]:
            if isinstance(node, ast.Name) and not node.id.startswith('__'):
                yield node.id


def _set_on_self(function: Function) -> Iterator[str]:
    """Yield the attributes that a method sets on its first argument."""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            owner = node.value
            if getattr(owner, 'id', '') == 'self':
                yield node.attr


def _decorators(function: Function) -> List[str]:
    """Return the last names of a function's decorators."""
    nodes: List[Any] = [getattr(node, 'func', node) for node in function.decorator_list]
    return [node.attr if isinstance(node, ast.Attribute) else node.id for node in nodes]


def _is_setter(function: Function) -> bool:
    """Return whether a function belongs to a property whose getter is listed."""
    return any(word in ('setter', 'deleter') for word in _decorators(function))


def _is_public(name: str) -> bool:
    """Return whether a name is listed."""
    return not name.startswith('_') or name in KEPT or (name[:2] == '__' == name[-2:])


def main() -> None:
    """Print the interfaces of the packages in some folders."""
    source, *folders = sys.argv[1:]
    modules: Dict[str, Facts] = {}
    for folder in folders:
        modules.update(list_package(Path(folder).resolve()))
    print(json.dumps({'source': source, 'modules': modules}, indent=0, sort_keys=True))


if __name__ == '__main__':
    main()
