# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What this project uses of rclpy, launch and launch_ros exists in each ROS 2 distribution.

interfaces/*.json list the interfaces of distributions that need not be installed. mypy compares
our use with them: imports, attributes, and the arguments of calls.
"""

import ast
from collections.abc import Iterator
import ctypes
import json
import os
from pathlib import Path
import re
import subprocess
import sys

from interface_stubs import write_stubs
import pytest
from rl_agent.ros.ros_message_buffer import _MessageInfo

WORKSPACE = Path(__file__).resolve().parents[2]
LISTINGS = sorted((Path(__file__).parent / 'interfaces').glob('*.json'))
ROS = re.compile(r'^\s*(from|import) (rclpy|launch|launch_ros)\b', re.MULTILINE)
# Errors of mypy that are about another's interface.
CODES = ['arg-type', 'attr-defined', 'call-arg', 'import-not-found', 'name-defined', 'type-arg']
ERROR = re.compile(rf'(.+?):(\d+): error: (.+)  \[({"|".join(CODES)})\]')


def users() -> list[Path]:
    """Return the files that import a listed package."""
    folders = ('src/rl_agent', 'src/rl_learner/rl_learner', 'src/rl_learner/launch')
    files = [path for folder in folders for path in (WORKSPACE / folder).rglob('*.py')]
    files = [path for path in files if 'build' not in path.parts]
    return [path for path in files if ROS.search(path.read_text(encoding='utf-8'))]


def branches(file: Path) -> Iterator[tuple[range, range]]:
    """Yield the lines of each `try` that imports and of its `except ImportError`."""
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                if isinstance(handler.type, ast.Name) and handler.type.id == 'ImportError':
                    end = (handler.end_lineno or 0) + 1
                    yield range(node.lineno, handler.lineno), range(handler.lineno, end)


def has_alternative(file: Path, line: int, wrong: set[int]) -> bool:
    """Return whether a line is one of two ways to import a name, and the other is right."""
    for ways in branches(file):
        for way, other in (ways, ways[::-1]):
            if line in way and not wrong.intersection(other):
                return True
    return False


def errors(listing: Path, files: list[Path], folder: Path) -> list[str]:
    """Return how files disagree with an interface, as `FILE:LINE: TEXT`."""
    stubs = write_stubs(listing, folder / 'stubs')
    listed = {path.name for path in (folder / 'stubs').iterdir()}
    settings = folder / 'mypy.ini'
    settings.write_text('[mypy]\nfollow_imports = skip\ncheck_untyped_defs = True\n')
    words = ['--config-file', settings, '--cache-dir', os.devnull, '--no-site-packages']
    words += ['--python-version', '3.10', '--show-error-codes', *stubs]
    done = subprocess.run(
        [sys.executable, '-m', 'mypy', *map(str, [*words, *files])],
        cwd=folder,
        env={**os.environ, 'MYPYPATH': str(folder / 'stubs')},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = [match for match in map(ERROR.match, done.stdout.splitlines()) if match]
    wrong: dict[Path, dict[int, str]] = {}
    for match in found:
        missing = re.search('module named "(\\w+)', match[3])
        if not match[1].startswith('stubs/') and (not missing or missing[1] in listed):
            wrong.setdefault((folder / match[1]).resolve(), {})[int(match[2])] = match[3]
    return [
        f'{file.name}:{line}: {text}'
        for file, texts in wrong.items()
        for line, text in sorted(texts.items())
        if not has_alternative(file, line, set(texts))
    ]


WRONG = """
import rclpy
from rclpy.clock import Clock, ClockKind
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.subscription import Subscription
import rclpy.no_such_module
class Robot(Node):
    def __init__(self, clock: Clock) -> None:
        super().__init__('robot', speed=1)
        self.create_timer(0.1, self.work, period=clock)
        self.sensor = self.create_subscription(int, 'a', print, 1)
        DurabilityPolicy.ETERNAL
    def work(self) -> Subscription[int]:
        self.sensor.forget()
        rclpy.begin()
try:
    import rclpy.event_handler as events
except ImportError:
    import rclpy.qos_event as events
try:
    import rclpy.clock_sort as clocks
except ImportError:
    from rclpy.clock import ClockSort
"""
COMPLAINTS = {
    3: 'ClockKind',
    7: 'no_such_module',
    10: 'speed',
    11: 'period',
    13: 'ETERNAL',
    14: 'Subscription',
    15: 'forget',
    16: 'begin',
    22: 'clock_sort',
    24: 'ClockSort',
}


@pytest.mark.timeout(300)
def test_wrong_uses_are_found(tmp_path: Path) -> None:
    """Humble has rclpy.qos_event, and no event_handler (awesomebytes/rclcppyy#2)."""
    file = tmp_path / 'wrong.py'
    file.write_text(WRONG)
    (humble,) = (path for path in LISTINGS if path.stem == 'humble')
    found = errors(humble, [file], tmp_path)
    assert len(found) == len(COMPLAINTS), found
    for text, (line, word) in zip(found, COMPLAINTS.items(), strict=True):
        assert text.startswith(f'wrong.py:{line}: ')
        assert word in text


@pytest.mark.timeout(300)
@pytest.mark.parametrize('listing', LISTINGS, ids=lambda path: path.stem)
def test_all_that_is_used_exists(listing: Path, tmp_path: Path) -> None:
    assert errors(listing, users(), tmp_path) == []


def test_every_supported_distribution_is_listed() -> None:
    assert [path.stem for path in LISTINGS] == ['humble', 'jazzy', 'kilted', 'rolling']


@pytest.mark.parametrize('listing', LISTINGS, ids=lambda path: path.stem)
def test_the_private_names_exist(listing: Path) -> None:
    """Rclpy offers no other way to know a node's overrides, and that an executor is ending."""
    modules = json.loads(listing.read_text(encoding='utf-8'))['modules']
    assert '_parameter_overrides' in modules['rclpy.node']['Node']
    assert '_is_shutdown' in modules['rclpy.executors']['Executor']


@pytest.mark.parametrize('gid_bytes', [24, 16], ids=['humble', 'jazzy'])
def test_the_information_of_a_message_is_where_c_puts_it(gid_bytes: int) -> None:
    """RMW_GID_STORAGE_SIZE is 24 in Humble and 16 later; rmw/types.h has the same fields."""

    class Gid(ctypes.Structure):
        _fields_ = (
            ('implementation_identifier', ctypes.c_char_p),
            ('data', ctypes.c_uint8 * gid_bytes),
        )

    class Info(ctypes.Structure):
        _fields_ = (
            ('source_timestamp', ctypes.c_int64),
            ('received_timestamp', ctypes.c_int64),
            ('publication_sequence_number', ctypes.c_uint64),
            ('reception_sequence_number', ctypes.c_uint64),
            ('publisher_gid', Gid),
            ('from_intra_process', ctypes.c_bool),
        )

    ours = _MessageInfo
    number, gid = ours.publication_sequence_number, ours.publisher_gid
    assert number.offset == Info.publication_sequence_number.offset
    assert gid.offset == Info.publisher_gid.offset + Gid.data.offset
    assert ctypes.sizeof(Info) <= ctypes.sizeof(ours)
