# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Folders for the state of unfinished runs, so that interrupted runs can continue."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_UNFINISHED = Path(__file__).resolve().parents[1] / 'unfinished'


def unfinished_run(options: Mapping[str, Any]) -> Path:
    """Return the folder of a run, named after the worker's options."""
    pairs = (f'{key}={value}' for key, value in sorted(options['overrides'].items()))
    program = '+'.join([options['preset'], *pairs])
    name = f'{options["task"]}_{program}_{options["steps"]}_seed{options["seed"]}'
    return _UNFINISHED / name.replace('/', '_')
