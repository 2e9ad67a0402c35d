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

"""The command that resumes a run keeps its port and its retention of experience."""

from pathlib import Path
import shlex
from typing import Any

import pytest
from rl_agent.configuration import config_folder
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.journal.journal_reader import journal_files
from rl_learner.run.folder import BRIDGE_FILE, CHECKPOINTS, DEMO_FILE
from rl_learner.run.listing import as_shell, is_run, read_entry, resume_command
from rl_learner.run.manifest import next_start, read_retention, write_retention, write_run


def make_run(folder: Path, **parameters: Any) -> Path:
    """Create a run with a checkpoint."""
    (folder / CHECKPOINTS).mkdir(parents=True)
    (folder / CHECKPOINTS / 'checkpoint_000000000001.pt').touch()
    given = {'robot': 'pendulum', 'algorithm': 'tqc', **parameters}
    write_run(folder, next_start(folder, load_robot('pendulum'), load_algorithm('tqc'), given, ''))
    return folder


def arguments(command: list[str]) -> dict[str, str]:
    """Return the launch arguments of a command."""
    assert command[:4] == ['ros2', 'launch', 'rl_learner', 'learner.launch.py']
    return dict(word.split(':=', 1) for word in command[4:])


def test_a_run_resumes_on_its_port(tmp_path: Path) -> None:
    """Parameters without a launch argument are left out: the launch file would refuse them."""
    run = make_run(tmp_path / 'run', replay_port=8123, seed=3, checkpoint_period_s=5.0)
    assert arguments(resume_command(run)) == {
        'robot': 'pendulum',
        'algorithm': 'tqc',
        'replay_port': '8123',
        'seed': '3',
        'run_folder': str(run),
        'journal_keep_gb': '0',
    }


def test_a_run_that_was_copied_resumes_with_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files given by a relative path are not there on another machine."""
    there, here = tmp_path / 'there', tmp_path / 'here'
    there.mkdir()
    monkeypatch.chdir(there)
    Path('my_sac.yaml').write_text('gamma: 0.9\nnum_quantiles: 1\ndropped_atoms: 0\n')
    shipped = (config_folder() / 'robots' / 'pendulum.yaml').read_text()
    Path('my_robot.yaml').write_text(shipped.replace('rate_hz: 20', 'rate_hz: 25'))
    robot, algorithm = load_robot('my_robot.yaml'), load_algorithm('my_sac.yaml')
    run = Path('run')
    (run / CHECKPOINTS).mkdir(parents=True)
    (run / CHECKPOINTS / 'checkpoint_000000000001.pt').touch()
    names = {'robot': 'my_robot.yaml', 'algorithm': 'my_sac.yaml'}
    write_run(run, next_start(run, robot, algorithm, names, ''))
    there.rename(here)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        given = arguments(resume_command(Path('here/run')))
        assert given['run_folder'] == str(here / 'run')
        assert load_robot(given['robot']) == robot
        assert load_algorithm(given['algorithm']) == algorithm
        assert Path(given['algorithm']).stem == 'my_sac'
        (here / 'my_sac.yaml').unlink(missing_ok=True)
    assert read_entry(here / 'run').algorithm == 'my_sac'


@pytest.mark.parametrize(('kept', 'printed'), [(0.0, '0'), (50.0, '50.0'), (0.5, '0.5')])
def test_a_run_resumes_with_its_retention(tmp_path: Path, kept: float, printed: str) -> None:
    run = make_run(tmp_path / 'run')
    for keep_gb in (7.0, kept):
        write_retention(run, keep_gb)
    assert read_retention(run) == kept
    assert arguments(resume_command(run))['journal_keep_gb'] == printed


def test_a_run_resumes_with_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would go on unsigned, and store the transitions of any sender."""
    run = make_run(tmp_path / 'run', signing_key='/keys/signing_key.pem')
    monkeypatch.chdir(tmp_path)
    write_retention(run, 3.0, 'fleet_key.txt')
    given = arguments(resume_command(run))
    assert given['signing_key'] == '/keys/signing_key.pem'
    assert given['fleet_key'] == str(tmp_path / 'fleet_key.txt')
    assert given['journal_keep_gb'] == '3.0'
    write_retention(run, 3.0)
    assert 'fleet_key' not in arguments(resume_command(run))


@pytest.mark.parametrize('content', [None, '', '{', '[]', '{"journal_keep_gb": null}', '{}'])
def test_nothing_is_deleted_where_the_retention_is_unknown(
    tmp_path: Path, content: str | None
) -> None:
    run = make_run(tmp_path / 'run')
    if content is not None:
        (run / BRIDGE_FILE).write_text(content, encoding='utf-8')
    assert arguments(resume_command(run))['journal_keep_gb'] == '0'
    write_retention(run, 3.0)
    assert arguments(resume_command(run))['journal_keep_gb'] == '3.0'


def test_an_unchanged_retention_is_not_written_again(tmp_path: Path) -> None:
    """So a bridge can start on a full disk."""
    write_retention(tmp_path, 2.0)
    before = (tmp_path / BRIDGE_FILE).stat()
    write_retention(tmp_path, 2.0)
    after = (tmp_path / BRIDGE_FILE).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in tmp_path.iterdir()] == [BRIDGE_FILE]
    with pytest.raises(ConfigurationError, match=f'{BRIDGE_FILE}: cannot be written'):
        write_retention(Path('/proc'), 2.0)


def test_a_retention_file_alone_is_neither_run_nor_journal(tmp_path: Path) -> None:
    write_retention(tmp_path, 0.0)
    assert not is_run(tmp_path)
    assert journal_files(tmp_path) == []
    entry = read_entry(tmp_path)
    assert (entry.state, entry.problem) == ('not started', '')


def test_the_printed_command_can_be_typed(tmp_path: Path) -> None:
    """With spaces, quotes and text that a shell would expand."""
    run = make_run(tmp_path / "my 'first' $RUN", robot='/a folder/arm.yaml', replay_port=8001)
    command = resume_command(run)
    assert shlex.split(as_shell(command)) == command
    assert f'run_folder:={run}' in command
    assert f'robot:={run}/own_files/robot/arm.yaml' in command


def test_a_demo_resumes_as_a_demo(tmp_path: Path) -> None:
    run = make_run(tmp_path / 'run', replay_port=8001)
    write_retention(run, 0.0)
    (run / DEMO_FILE).touch()
    assert resume_command(run)[1:] == ['-m', 'rl_learner.cli.demo', '--resume', str(run)]
