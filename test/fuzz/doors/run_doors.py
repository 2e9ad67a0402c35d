# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Files in the folder of a run: manifest, identity, retention, options, table, lock, versions."""

from collections.abc import Callable, Sequence
import contextlib
import json
import math
from pathlib import Path
from random import Random

from description_doors import ROBOT
from door import Door, RefusedError
from odd_values import break_tree, odd_value
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.demo.demo_plan import read_options
from rl_learner.run.episode_log import EpisodeLog, EPISODES_FILE, read_episodes
from rl_learner.run.folder import BRIDGE_FILE, CHECKPOINTS, DEMO_FILE, VERSIONS_FILE
from rl_learner.run.identity import claim_run, IDENTITY_FILE, RunIdentity
from rl_learner.run.listing import as_json, as_shell, read_entry, resume_command
from rl_learner.run.lock import LOCK_FILE, run_state, RunLock
from rl_learner.run.manifest import (
    next_start,
    read_fleet_key,
    read_retention,
    read_run,
    RUN_FILE,
    write_retention,
    write_run,
)
from rl_learner.training.policy_versions import PolicyVersions

_ALGORITHM = load_algorithm('sac')
_IDENTITY = RunIdentity.of(Spaces(ROBOT), _ALGORITHM)
_EPISODE = {
    'robot': 'r',
    'episode': 3,
    'steps': 20,
    'episode_return': -5.5,
    'evaluation': False,
    'policy_version': 7,
    'complete': True,
}


class RunFileDoor(Door):
    """One file in the folder of a run."""

    def __init__(
        self,
        folder: Path,
        name: str,
        write: Callable[[Path], None],
        read: Callable[[Path], None],
    ) -> None:
        """Begin.

        Args:
            folder: of the run.
            name: of the file.
            write: writes a valid one into a folder.
            read: reads the file in a folder, with the code under test.
        """
        self._folder, self._name, self._read = folder, name, read
        write(folder)
        self.seeds = [(folder / name).read_bytes()]
        self._tree = None
        with contextlib.suppress(ValueError):
            self._tree = json.loads(self.seeds[0])

    def broken(self, rng: Random) -> bytes | None:
        """Return JSON with wrong values, or a table with another cell."""
        if self._tree is not None:
            return json.dumps(break_tree(self._tree, rng)).encode()
        text = self.seeds[0].decode()
        cells = text.split(',')
        cells[rng.randrange(len(cells))] = str(odd_value(rng))
        return ','.join(cells).encode(errors='surrogatepass')

    def give(self, data: bytes) -> None:
        """Read the file."""
        (self._folder / self._name).write_bytes(data)
        self._read(self._folder)


def write_manifest(folder: Path) -> None:
    """Write a manifest, and what the command that resumes needs."""
    (folder / CHECKPOINTS).mkdir()
    (folder / CHECKPOINTS / 'checkpoint_000000000001.pt').write_bytes(b'')
    parameters = {'algorithm': 'sac', 'seed': 3, 'robot': 'pendulum', 'signing_key': 'k.pem'}
    write_run(folder, next_start(folder, ROBOT, _ALGORITHM, parameters, 'session'))


def read_manifest(folder: Path) -> None:
    """Read a manifest as learner, tools and `rl_runs` do; a damaged run is listed, too."""
    as_json(read_entry(folder))
    run = read_run(folder)
    as_shell(resume_command(folder))
    next_start(folder, run.robot, run.algorithm, run.parameters, 'next')


def write_identity(folder: Path) -> None:
    """Write the identity of a run."""
    claim_run(folder, _IDENTITY)


def read_identity(folder: Path) -> None:
    """Read the identity of a run as learner and bridge do."""
    claim_run(folder, _IDENTITY)


def write_bridge_file(folder: Path) -> None:
    """Write the retention of a bridge."""
    write_retention(folder, 2.5, '/keys/fleet_key.txt')


def read_bridge_file(folder: Path) -> None:
    """Read the retention of a bridge; a damaged file counts as none."""
    keep_gb = read_retention(folder)
    assert keep_gb is None or math.isfinite(keep_gb), f'retention {keep_gb}'
    assert keep_gb is None or keep_gb >= 0, f'retention {keep_gb}'
    key = read_fleet_key(folder)
    assert '\0' not in key
    if keep_gb is None:
        raise RefusedError('unknown retention')


def write_demo_file(folder: Path) -> None:
    """Write the options of a demo."""
    options = {'robot': 'pendulum', 'algorithm': 'sac', 'seed': 1, 'robots': 2, 'steps': 500}
    (folder / DEMO_FILE).write_text(json.dumps(options), encoding='utf-8')


def read_demo_file(folder: Path) -> None:
    """Read the options of a demo."""
    options = read_options(folder)
    for name, kind in (('robot', str), ('algorithm', str), ('seed', int), ('robots', int)):
        assert isinstance(options[name], kind), f'{name}: {options[name]!r}'


def write_table(folder: Path) -> None:
    """Write a table of episodes."""
    log = EpisodeLog(folder)
    for _ in range(3):
        log.append(**_EPISODE)


def read_table(folder: Path) -> None:
    """Read a table of episodes, and continue it."""
    before = read_episodes(folder / EPISODES_FILE)
    log = EpisodeLog(folder)
    row = log.append(**_EPISODE)
    after = read_episodes(folder / EPISODES_FILE)
    assert list(map(repr, after)) == list(map(repr, [*before, row]))  # NaN equals nothing


def write_lock(folder: Path) -> None:
    """Write the lock of a learner that ended."""
    lock = RunLock(folder)
    lock.begin()
    lock.end()
    lock.close()


def read_lock(folder: Path) -> None:
    """Read the state of a learner."""
    assert run_state(folder) in ('stopped', 'crashed', 'not started')
    lock = RunLock(folder)
    try:
        with contextlib.suppress(ConfigurationError):
            RunLock(folder)
    finally:
        lock.close()


def write_versions(folder: Path) -> None:
    """Reserve numbers of policies."""
    PolicyVersions(folder / VERSIONS_FILE).next()


def read_versions(folder: Path) -> None:
    """Go on after the reserved numbers."""
    number = PolicyVersions(folder / VERSIONS_FILE).next()
    assert 0 < number < 2**64, f'version {number}'


Files = dict[str, tuple[str, Callable[[Path], None], Callable[[Path], None]]]

# target: file, how a valid one is written, how it is read
FILES: Files = {
    'run_json': (RUN_FILE, write_manifest, read_manifest),
    'replay_json': (IDENTITY_FILE, write_identity, read_identity),
    'bridge_json': (BRIDGE_FILE, write_bridge_file, read_bridge_file),
    'demo_json': (DEMO_FILE, write_demo_file, read_demo_file),
    'episodes_csv': (EPISODES_FILE, write_table, read_table),
    'learner_lock': (LOCK_FILE, write_lock, read_lock),
    'policy_versions': (VERSIONS_FILE, write_versions, read_versions),
}
NAMES: Sequence[str] = tuple(FILES)
