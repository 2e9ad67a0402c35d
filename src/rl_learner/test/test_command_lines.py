# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One family of command lines: help that teaches, the same names, completion that works."""

from pathlib import Path
import shlex
import shutil
import subprocess

import pytest
from rl_learner import completion

PARSERS = {parser.prog: parser for parser in completion.parsers()}
# An option of the same name takes the same thing and does the same.
SHARED = {'--robot', '--runs', '--out', '--force', '--json', '--yes', '--namespace'}


@pytest.mark.parametrize('name', sorted(PARSERS))
def test_help_teaches(name: str) -> None:
    """Every option is explained; every example is a command that the parser takes."""
    parser = PARSERS[name]
    text = parser.format_help()
    assert 'exit codes: 0 ' in text
    assert '130 interrupted' in text
    assert all(action.help for action in parser._actions)
    examples = text[text.index('examples:') :].splitlines()
    own = [line for line in examples if line.strip().startswith(f'{name} ')]
    assert len(own) >= 2
    for line in own:
        words = shlex.split(line, comments=True)[1:]
        words = words[: words.index('>')] if '>' in words else words
        words = words[: words.index('&&')] if '&&' in words else words
        words = words[: words.index('--ros-args')] if '--ros-args' in words else words
        parser.parse_args(words)


def test_an_option_is_the_same_everywhere() -> None:
    seen: dict[str, tuple[object, object]] = {}
    for parser in PARSERS.values():
        for action in parser._actions:
            for option in action.option_strings:
                kind = (action.nargs, action.type)
                if option in SHARED:
                    assert seen.setdefault(option, kind) == kind, f'{parser.prog} {option}'
    assert set(seen) == SHARED


def test_the_tools_are_those_that_are_installed(workspace_setup: str) -> None:
    tools = {name for name in PARSERS if name.startswith('rl_')}
    installed = {
        line.partition('=')[0].strip(" '")
        for line in workspace_setup.splitlines()
        if line.strip().startswith("'rl_") and ':main' in line
    }
    assert tools == installed


@pytest.fixture
def workspace_setup() -> str:
    """Return the text of the package's setup.py."""
    return (Path(__file__).resolve().parents[1] / 'setup.py').read_text(encoding='utf-8')


def complete(folder: Path, words: list[str]) -> set[str]:
    """Return what a bash offers for the last of some words."""
    path = folder / 'completion.bash'
    path.write_text(completion.script('bash'), encoding='utf-8')
    program = (
        f'source {path}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_shtab_$1";'
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(
        ['bash', '--norc', '-c', program, 'bash', *words],
        capture_output=True,
        text=True,
        timeout=60.0,
        check=True,
        cwd=folder,
    )
    assert not result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize(
    ('line', 'offered'),
    [
        ('rl_plot --by ', {'algorithm', 'run'}),
        ('rl_evaluate runs/first --fi', {'--film'}),
        ('rl_plot runs/first runs/s', {'runs/second'}),
        ('rl_runs --delete runs/', {'runs/first', 'runs/second'}),
        ('rl_export runs/first --robot quadruped_', {'quadruped_gazebo'}),
        ('check_robot my', {'my.yaml'}),
    ],
)
def test_bash_completes(tmp_path: Path, line: str, offered: set[str]) -> None:
    for name in ('first', 'second'):
        (tmp_path / 'runs' / name).mkdir(parents=True)
    (tmp_path / 'my.yaml').touch()
    assert complete(tmp_path, line.split(' ')) == offered


def test_zsh_takes_the_script(tmp_path: Path) -> None:
    zsh = shutil.which('zsh')
    if zsh is None:
        pytest.skip('no zsh on this machine')
    path = tmp_path / 'completion.zsh'
    path.write_text(completion.script('zsh'), encoding='utf-8')
    program = (
        f'autoload -Uz compinit; compinit -u -D; eval "$(< {path})";'
        ' print $_comps[rl_plot] $_comps[check_robot]; print -l $_shtab_rl_plot_options'
    )
    result = subprocess.run(
        [zsh, '-f', '-c', program], capture_output=True, text=True, timeout=60.0, check=True
    )
    assert not result.stderr
    first, *options = result.stdout.splitlines()
    assert first.split() == ['_shtab_rl_plot', '_shtab_check_robot']
    assert any(option.startswith('*:') and option.endswith('_files -/') for option in options)
