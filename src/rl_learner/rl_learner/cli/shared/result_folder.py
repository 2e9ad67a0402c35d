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

"""The folder for the results of an evaluation."""

from collections.abc import Iterator
import contextlib
import datetime
from itertools import islice
from pathlib import Path

from rl_agent.errors import ConfigurationError
from rl_learner.cli import command_line
from rl_learner.run.folder import numbered

_MAX_NUMBER = 999  # of a default folder that several evaluations want in the same second


@contextlib.contextmanager
def result_folder(out: Path | None, policy: Path, *, force: bool) -> Iterator[Path]:
    """Yield a folder of this evaluation alone, created before there are results.

    Folders that were created and stay empty are removed.

    Args:
        out: the wanted folder; None for a new one next to the policy.
        policy: file or folder of the policy.
        force: `out` may already exist.

    Raises:
        ConfigurationError: the folder exists and `force` is not set, or it cannot be created.
    """
    folder = out or _default_folder(policy)
    command_line.refuse_to_overwrite(folder, force=force or not out)
    if out and force and folder.is_dir():
        yield folder
        return
    missing = [path for path in folder.parents if not path.exists()]
    folder = _make_folder(folder, is_default=not out)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):  # not empty
            for path in (folder, *missing):
                path.rmdir()


def _default_folder(policy: Path) -> Path:
    """Return a folder in the policy's run; for a policy file in the current folder."""
    run = policy if policy.is_dir() else Path()
    return run / 'evaluations' / datetime.datetime.now().strftime('%Y%m%d-%H%M%S')


def _make_folder(wanted: Path, *, is_default: bool) -> Path:
    """Create a folder that did not exist; return it.

    Args:
        wanted: path of the folder.
        is_default: if it exists, create `wanted-2`, else `wanted-3` and so on.

    Raises:
        ConfigurationError: it exists.
    """
    for folder in islice(numbered(wanted), _MAX_NUMBER if is_default else 1):
        # not found: another evaluation has just removed the empty parent folder
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            folder.mkdir(parents=True)
            return folder
    raise ConfigurationError(
        f'--out: given {wanted}: not a folder, or just created by another evaluation;'
        ' accepted: a new name'
    )
