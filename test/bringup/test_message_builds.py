# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Messages whose libraries are of another build, as after an update of half of a workspace.

Asked for in public: ros2/examples#366 (undefined symbol), ros2/ros2#1101, ros2/rosidl#823: stack
traces.
"""

from pathlib import Path
import shutil
import subprocess
import sys

import pytest
import rl_msgs


@pytest.mark.parametrize(
    'program', ['rl_agent.nodes.agent_node', 'rl_learner.nodes.replay_bridge_node']
)
def test_libraries_of_another_build_are_one_line(
    program: str, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    copy = tmp_path / 'rl_msgs'
    shutil.copytree(rl_msgs.__path__[0], copy)
    for library in copy.glob('*rosidl_typesupport_c*.so'):
        library.write_bytes(b'of another build')
    done = subprocess.run(
        [sys.executable, '-m', program],
        env={**ros_environment, 'PYTHONPATH': str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f'error: rl_msgs: not built for {sys.executable} (')
    assert str(copy) in line
    assert 'where both were used, both anew' in line
