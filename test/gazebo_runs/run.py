# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`make test-gazebo`: fetches Gazebo 11, compiles its plugin, then runs the tests in this folder.

Fetching and compiling can take minutes and come first, because each test has a time limit. If the
archive cannot be reached, the tests are skipped: that is not a fault of this project.
"""

import os
from pathlib import Path
import subprocess
import sys

_TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_TOP / 'tools'))

from gazebo_archive import ArchiveUnreachableError, fetch_gazebo, FetchError  # noqa: E402
from lockstep_library import lockstep_library  # noqa: E402

CACHE = _TOP / '.gazebo'


def main() -> int:
    """Fetch, compile and test; return the exit code."""
    try:
        root = fetch_gazebo(CACHE)
    except ArchiveUnreachableError as error:
        print(f'test-gazebo: SKIPPED, the Debian archive cannot be reached: {error}')
        return 0
    except FetchError as error:
        print(f'test-gazebo: {error}', file=sys.stderr)
        return 1
    print(f'gazebo: in {root}', flush=True)
    try:
        lockstep_library(root)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f'test-gazebo: the lockstep plugin cannot be compiled: {error}', file=sys.stderr)
        return 1
    here = str(Path(__file__).parent)
    # ROS_GZ_PATH: folder in which Python finds ros_gz_interfaces, if installed
    paths = [here, str(_TOP / 'test' / 'helpers'), os.environ.get('ROS_GZ_PATH', '')]
    modules = os.pathsep.join(filter(None, paths))
    command = [sys.executable, '-m', 'pytest', '-p', 'gazebo_fixtures']
    # learning takes longer than the limits of other tests allow
    command += ['--session-timeout=6000', '--override-ini=faulthandler_timeout=0']
    environment = {**os.environ, 'PYTHONPATH': modules}
    done = subprocess.run([*command, *sys.argv[1:], here], cwd=_TOP, env=environment, check=False)
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
