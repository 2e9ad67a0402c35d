# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A few hundred broken inputs for each door; and the fuzzer itself, which must notice faults.

`make fuzz` gives a million.
"""

import os
from pathlib import Path
from random import Random
import signal

from campaign import Campaign
from door import Door, Inputs, RefusedError, Target
import fuzz
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from judgement import judge
from progress import Progress, reproduction
import pytest
from rl_agent.errors import RlError
from targets import TARGETS
from worker import opened

NAMES = [target.name for target in TARGETS]
MOST, LEAST, SHARE_OF_INPUT = 300, 15, 100


@pytest.mark.parametrize('target', TARGETS, ids=NAMES)
def test_seeds_are_taken_and_broken_inputs_are_answered(target: Target) -> None:
    with opened(target) as door:
        assert [judge(door, seed).kind for seed in door.seeds] == ['taken'] * len(door.seeds)
        assert door.seeds
        source, kinds = Inputs(door), set()
        for number in range(min(MOST, max(LEAST, target.share // SHARE_OF_INPUT))):
            data = source.next(Random(f'{target.name} test {number}'))
            answer = judge(door, data)
            assert answer.kind != 'failed', f'{answer.text}\n{data[:2000]!r}'
            source.learn(data, answer.signature)
            kinds.add(answer.kind)
        assert kinds


@pytest.mark.parametrize('name', ['policy_message', 'transition_batch', 'episode', 'robot_yaml'])
def test_broken_values_are_answered(name: str) -> None:
    """Hypothesis draws what is broken, and shrinks an input that fails."""
    (target,) = (item for item in TARGETS if item.name == name)
    with opened(target) as door:

        @settings(
            max_examples=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.randoms(use_true_random=False))
        def check(rng: Random) -> None:
            data = door.broken(rng)
            if data is not None:
                answer = judge(door, data)
                assert answer.kind != 'failed', f'{answer.text}\n{data[:2000]!r}'

        check()


class FaultyDoor(Door):
    """Does what the first letter of an input says."""

    seeds = (b't', b'r')

    def __init__(self, folder: Path) -> None:
        self.kept: list[bytearray] = []

    def give(self, data: bytes) -> None:
        if data[:1] == b'r':
            raise RlError('not this one')
        if data[:1] == b'c':
            raise RefusedError('counted')
        if data[:1] == b'k':
            raise KeyError('a fault')
        if data[:1] == b'l':
            raise RlError('x' * 100_000)
        if data[:1] == b'm':
            self.kept.append(bytearray(300 << 20))
        if data[:1] == b'o':
            raise RlError('out of memory') from MemoryError()
        if data[:1] == b's':
            while True:
                pass
        if data[:1] == b'!':
            os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize(
    ('data', 'kind', 'place'),
    [
        (b't', 'taken', ''),
        (b'r', 'refused', ''),
        (b'c', 'refused', ''),
        (b'k', 'failed', 'KeyError in the fuzzer'),
        (b'l', 'failed', 'long text'),
        (b'm', 'failed', 'memory'),
        (b'o', 'failed', 'memory'),
        (b's', 'failed', '_TooSlow in the fuzzer'),
    ],
)
def test_faults_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, kind: str, place: str
) -> None:
    if data == b's':
        monkeypatch.setattr('judgement.MOST_CPU_S', 0.2)
    answer = judge(FaultyDoor(tmp_path), data)
    assert (answer.kind, answer.place) == (kind, place)


class CrashingDoor(Door):
    """Ends its process at the third input, and counts the inputs in a file."""

    seeds = (b'x',)

    def __init__(self, log: Path) -> None:
        self._log = log

    def give(self, data: bytes) -> None:
        with self._log.open('ab') as file:
            file.write(b'.')
        if self._log.stat().st_size == 3:
            os.kill(os.getpid(), signal.SIGSEGV)


def test_a_crash_is_kept_and_the_next_start_goes_on(tmp_path: Path) -> None:
    """3 of 10 inputs, of which one ends the process; then the other 7, and no more."""
    log = tmp_path / 'log'
    target = Target('crashing', lambda folder: CrashingDoor(log), 1)
    for wanted, failed in ((3, 1), (10, 1), (10, 1)):
        assert Campaign([target], {'crashing': wanted}, tmp_path).run(1)
        counts = Progress(tmp_path / 'crashing').counts
        assert (counts.done, counts.failed) == (wanted, failed)
        assert log.stat().st_size == wanted
    (kept,) = Progress(tmp_path / 'crashing').failures()
    assert counts.kinds == {'exit code -11': 1}
    text = kept.with_name(f'{kept.name}.txt').read_text()
    assert text.startswith(reproduction(kept))
    assert str(kept) in reproduction(kept)


def test_the_command_reproduces_a_kept_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'fleet_key').mkdir()
    path = tmp_path / 'fleet_key' / 'input'
    path.write_bytes(b'no key')
    assert fuzz.reproduce(path) == 0
    assert capsys.readouterr().out.startswith('fleet_key: refused: fleet_key: given')
    assert fuzz.reproduce(tmp_path) == 2


def test_shares_add_up() -> None:
    shares = fuzz.shares(TARGETS, 1_000_000)
    assert abs(sum(shares.values()) - 1_000_000) < len(TARGETS)
    assert len(set(NAMES)) == len(NAMES) == len(shares)
