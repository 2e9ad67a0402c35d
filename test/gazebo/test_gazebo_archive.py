# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Fetching Gazebo 11 reports an archive that cannot be reached."""

from pathlib import Path
import shutil
import subprocess
import sys

import pytest

HAS_APT = bool(shutil.which('apt-get')) and Path('/usr/share/keyrings').is_dir()
FETCH = """
import sys
from pathlib import Path
from gazebo_archive import ArchiveUnreachableError, fetch_gazebo
try:
    fetch_gazebo(Path(sys.argv[1]))
except ArchiveUnreachableError as error:
    print('unreachable:', error)
"""


@pytest.mark.skipif(not HAS_APT, reason='needs apt-get')
def test_an_unreachable_archive_is_reported(workspace: Path, tmp_path: Path) -> None:
    """Nothing listens on port 9 of this machine."""
    mirror = 'http://127.0.0.1:9/debian'
    tools = str(workspace / 'tools')
    done = subprocess.run(
        [sys.executable, '-c', FETCH, str(tmp_path)],
        env={
            'PATH': '/usr/bin:/bin',
            'PYTHONPATH': tools,
            'GAZEBO_MIRROR': mirror,
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert f'unreachable: {mirror}: E:' in done.stdout
    assert not (tmp_path / 'root').exists()
