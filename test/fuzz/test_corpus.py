# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What once failed, given again: each input has its right answer."""

from pathlib import Path

from judgement import judge
from known_cases import KNOWN_CASES, KnownCase
import pytest
from targets import TARGETS
from worker import opened

CORPUS = Path(__file__).parent / 'corpus'
FILES = sorted(path for path in CORPUS.glob('*/*') if path.is_file())
NAMES = {target.name: target for target in TARGETS}


def answer(target: str, given: KnownCase | bytes) -> tuple[str, str]:
    with opened(NAMES[target]) as door:
        data = given if isinstance(given, bytes) else given.make(door)
        judged = judge(door, data)
    return judged.kind, judged.text


@pytest.mark.parametrize('case', KNOWN_CASES, ids=lambda case: f'{case.target}: {case.name}')
def test_known_case(case: KnownCase) -> None:
    kind, text = answer(case.target, case)
    assert kind == case.answer, text


@pytest.mark.parametrize('path', FILES, ids=lambda path: f'{path.parent.name}: {path.name}')
def test_file(path: Path) -> None:
    """The name of a file begins with the right answer."""
    kind, text = answer(path.parent.name, path.read_bytes())
    assert path.name.startswith(f'{kind}-'), text


def test_every_file_has_a_target() -> None:
    assert {path.parent.name for path in FILES} <= set(NAMES)
    assert all(path.stat().st_size < 64 << 10 for path in FILES)
