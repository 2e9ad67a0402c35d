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

"""All command lines have examples in their help, the same option names and completion."""

from pathlib import Path
import re
import shlex
import shutil
import subprocess

import pytest
from rl_learner.cli import completion

PARSERS = {parser.prog: parser for parser in completion.parsers()}
# Options that several tools have, with the same meaning.
SHARED = {'--robot', '--runs', '--out', '--force', '--json', '--yes', '--namespace'}


@pytest.mark.parametrize('name', sorted(PARSERS))
def test_help_explains_options_and_examples(name: str) -> None:
    """Every option has a help text; the parser accepts every example."""
    parser = PARSERS[name]
    text = parser.format_help()
    assert 'exit codes: 0 ' in text
    assert '130 interrupted' in text
    assert all(action.help for action in parser._actions)
    examples = text[text.index('examples:') :].splitlines()
    own = [line for line in examples if line.strip().startswith(f'{name} ')]
    assert len(own) >= 2
    for line in own:
        parser.parse_args(words_of(line)[1:])


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['runs/first', '--episods', '3'], '--episods 3; did you mean --episodes?'),
        (['runs/first', '--episodes', '0'], "--episodes: given '0'; accepted: a whole number"),
        ([], 'the following arguments are required: POLICY'),
    ],
)
def test_wrong_usage_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        PARSERS['rl_evaluate'].parse_args(words)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def words_of(line: str) -> list[str]:
    """Return the words of a command without comment, redirection and following commands."""
    words = shlex.split(line, comments=True)
    ends = (words.index(end) for end in ('>', '&&', '--ros-args') if end in words)
    return words[: min(ends, default=len(words))]


def test_commands_in_the_docs_are_accepted() -> None:
    pages = Path(__file__).resolve().parents[4] / 'docs'
    if not pages.is_dir():
        pytest.skip('installed without docs/')
    count = 0
    for page in sorted(pages.glob('*.md')):
        for block in re.findall(r'```sh\n(.*?)```', page.read_text(encoding='utf-8'), re.DOTALL):
            for line in block.replace('\\\n', ' ').splitlines():
                words = words_of(line)
                if words and words[0] in PARSERS:
                    PARSERS[words[0]].parse_args(words[1:])
                    count += 1
    assert count > 20


def test_shared_options_are_the_same_everywhere() -> None:
    seen: dict[str, tuple[object, object]] = {}
    for parser in PARSERS.values():
        for action in parser._actions:
            for option in action.option_strings:
                kind = (action.nargs, action.type)
                if option in SHARED:
                    assert seen.setdefault(option, kind) == kind, f'{parser.prog} {option}'
    assert set(seen) == SHARED


def test_all_installed_tools_have_completion(workspace_setup: str) -> None:
    tools = {name for name in PARSERS if name.startswith('rl_')}
    installed = {
        line.partition('=')[0].strip(" '")
        for line in workspace_setup.splitlines()
        if line.strip().startswith("'rl_") and '.entry_points:' in line
    }
    assert tools == installed


@pytest.fixture
def workspace_setup() -> str:
    """Return the text of both packages' setup.py."""
    sources = Path(__file__).resolve().parents[3]
    files = sources.glob('*/setup.py')
    return '\n'.join(path.read_text(encoding='utf-8') for path in files)


def complete(folder: Path, words: list[str]) -> set[str]:
    """Return what bash offers to complete the last word."""
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
        ('rl_describe --na', {'--namespace'}),
    ],
)
def test_bash_completes(tmp_path: Path, line: str, offered: set[str]) -> None:
    for name in ('first', 'second'):
        (tmp_path / 'runs' / name).mkdir(parents=True)
    (tmp_path / 'my.yaml').touch()
    assert complete(tmp_path, line.split(' ')) == offered


def test_zsh_accepts_the_script(tmp_path: Path) -> None:
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
