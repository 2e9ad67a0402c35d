# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Policies in .npz files: arrays and text, no pickle."""

from collections.abc import Mapping
from dataclasses import asdict
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import (
    ARCHITECTURE_FIELDS,
    ARRAY_FIELDS,
    PolicyArchitecture,
    PolicyParameters,
    SCALAR_FIELDS,
)
from rl_agent.system.atomic_file import atomic_file

_FORMAT = 1


def save_policy(
    path: Path | str,
    parameters: PolicyParameters,
    extras: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write a policy; the file appears complete or not at all.

    The content is built in memory first, because on a full disk NumPy's writer raises errors
    other than OSError.

    Args:
        path: path of the file, usually ending in .npz.
        parameters: the policy.
        extras: other arrays for the same file; `load_policy` ignores them.

    Raises:
        OSError: the disk refuses it; an existing file stays.
    """
    header = {
        'format': _FORMAT,
        'architecture': asdict(parameters.architecture),
        **{name: getattr(parameters, name) for name in SCALAR_FIELDS},
    }
    arrays = {name: getattr(parameters, name) for name in ARRAY_FIELDS}
    content = io.BytesIO()
    np.savez(content, header=np.array(json.dumps(header)), **arrays, **(extras or {}))
    with atomic_file(Path(path)) as file:
        file.write(content.getbuffer())


def load_policy(path: Path | str) -> PolicyParameters:
    """Return the policy in a file; `Policy` checks its values.

    Raises:
        PolicyError: the file cannot be read or is not a policy.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            header: dict[str, Any] = json.loads(str(archive['header']))
            arrays = {name: archive[name] for name in ARRAY_FIELDS}
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
    if set(content) != set(ARCHITECTURE_FIELDS):
        raise PolicyError(
            f'architecture: given {sorted(content)}; accepted: {sorted(ARCHITECTURE_FIELDS)}'
        )
    content['hidden_sizes'] = tuple(content['hidden_sizes'])
    return PolicyArchitecture(**content)
