# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Policies in plain .npz files: arrays and text, no pickle."""

from collections.abc import Mapping
from dataclasses import asdict, fields
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.system.atomic_file import atomic_file

_ARRAYS = ('parameters', 'observation_mean', 'observation_std')
_FORMAT = 1


def save_policy(
    path: Path | str,
    parameters: PolicyParameters,
    extras: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write a policy; the file appears whole or not at all.

    It is made in memory first: NumPy's writer has other errors than the disk's where that is full.

    Args:
        path: of the file, usually ending in .npz.
        parameters: the policy.
        extras: other arrays for the same file; `load_policy` passes over them.

    Raises:
        OSError: the disk does not take it; what was there stays.
    """
    header = {
        'format': _FORMAT,
        'architecture': asdict(parameters.architecture),
        'version': parameters.version,
        'updates': parameters.updates,
        'fingerprint': parameters.fingerprint,
        'learner_session': parameters.learner_session,
        'uniform_exploration': parameters.uniform_exploration,
    }
    arrays = {name: getattr(parameters, name) for name in _ARRAYS}
    content = io.BytesIO()
    np.savez(content, header=np.array(json.dumps(header)), **arrays, **(extras or {}))
    with atomic_file(Path(path)) as file:
        file.write(content.getbuffer())


def load_policy(path: Path | str) -> PolicyParameters:
    """Return the policy in a file; `Policy` checks its numbers.

    Raises:
        PolicyError: the file cannot be read or holds no policy.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            header: dict[str, Any] = json.loads(str(archive['header']))
            arrays = {name: archive[name] for name in _ARRAYS}
        given = header.pop('format')
        if given != _FORMAT:
            raise PolicyError(f'{path}: format: given {given!r}; accepted: {_FORMAT}')
        return PolicyParameters(
            architecture=_architecture(header.pop('architecture')), **arrays, **header
        )
    except PolicyError:
        raise
    except Exception as error:  # a damaged archive can fail in many ways
        raise PolicyError(
            f'{path}: cannot be read as a policy: {error or type(error).__name__};'
            ' accepted: a file that save_policy wrote'
        ) from error


def _architecture(content: dict[str, Any]) -> PolicyArchitecture:
    """Return the architecture that a header describes."""
    known = {item.name for item in fields(PolicyArchitecture)}
    if set(content) != known:
        raise PolicyError(f'architecture: given {sorted(content)}; accepted: {sorted(known)}')
    content['hidden_sizes'] = tuple(content['hidden_sizes'])
    return PolicyArchitecture(**content)
