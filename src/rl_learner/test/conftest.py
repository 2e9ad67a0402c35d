# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Reports these files as skipped where the learner cannot run, as with the ROS 2 of Ubuntu."""

from importlib.util import find_spec
from pathlib import Path

import pytest

_MISSING = [name for name in ('mcap', 'reverb', 'torch') if find_spec(name) is None]


class NotHere(pytest.Module):
    """A file of tests that is not imported."""

    def collect(self) -> list[pytest.Item]:
        """Skip it."""
        lacks = ', '.join(_MISSING)
        pytest.skip(f'{self.path.name} was not run: no {lacks}; accepted: the Python of .venv')


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> NotHere | None:
    """Return what stands for a file where something is missing."""
    return NotHere.from_parent(parent, path=module_path) if _MISSING else None
