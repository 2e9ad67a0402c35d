# Copyright 2026 The rl_agent authors
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

"""Policies in .npz files: arrays and text, no pickle."""

from collections.abc import Mapping
import io
import json
import math
from pathlib import Path
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray
from rl_agent.bounded_files import parse_json_object
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import (
    ARCHITECTURE_FIELDS,
    ARRAY_FIELDS,
    ENCODER,
    PolicyArchitecture,
    PolicyParameters,
    SCALAR_FIELDS,
)
from rl_agent.policy.policy_limits import PolicyLimits
from rl_agent.system.atomic_file import atomic_file

_FORMAT = 1
_MAX_HEADER_BYTES = 64 * 1024
_MAX_REASON = 300  # characters


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
        'architecture': parameters.architecture.as_dict(),
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
        with zipfile.ZipFile(path) as archive:
            text = read_array(archive, 'header', _MAX_HEADER_BYTES)
            header: dict[str, Any] = parse_json_object(str(text), 'header')
            most = PolicyLimits().content_bytes
            arrays: dict[str, Any] = {
                name: read_array(archive, name, most) for name in ARRAY_FIELDS
            }
        given = header.pop('format')
        if given != _FORMAT:
            raise PolicyError(f'{path}: format: given {given!r}; accepted: {_FORMAT}')
        return PolicyParameters(
            architecture=_architecture(header.pop('architecture')), **arrays, **header
        )
    except PolicyError as error:
        if str(error).startswith(f'{path}: '):
            raise
        raise PolicyError(f'{path}: {error}') from error
    except Exception as error:  # a damaged archive can fail in many ways
        reason = str(error)[:_MAX_REASON] or type(error).__name__
        raise PolicyError(
            f'{path}: cannot be read as a policy: {reason};'
            ' accepted: a file that save_policy wrote'
        ) from error


def read_array(archive: zipfile.ZipFile, name: str, most: int) -> NDArray[Any]:
    """Return an array of an .npz file, whose size is checked before any memory is taken for it.

    Args:
        archive: the file.
        name: of the array.
        most: largest size in bytes.

    Raises:
        PolicyError: it is larger, or its header promises other data than follow.
        Exception: of many types, if the archive is damaged.
    """
    member = archive.getinfo(f'{name}.npy')
    if member.file_size > most:
        raise PolicyError(f'{name}: given {member.file_size} bytes; accepted: at most {most}')
    content = io.BytesIO(archive.read(member))
    _check_promise(content, name)
    array: NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
    return array


def _check_promise(content: io.BytesIO, name: str) -> None:
    """Raise PolicyError unless as many bytes follow the header of an array as it promises."""
    form = np.lib.format
    version = form.read_magic(content)
    if version not in ((1, 0), (2, 0)):
        raise PolicyError(f'{name}: format: given {version}; accepted: (1, 0), (2, 0)')
    read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
    shape, _, dtype = read(content)
    if dtype.hasobject:
        raise PolicyError(f'{name}: cannot be read as a policy: it has objects; accepted: numbers')
    promised = math.prod(shape) * dtype.itemsize
    given = len(content.getbuffer()) - content.tell()
    if promised != given:
        raise PolicyError(
            f'{name}: given a header of {promised} bytes before {given} bytes; accepted: equal'
        )
    content.seek(0)


def _architecture(content: dict[str, Any]) -> PolicyArchitecture:
    """Return the architecture that a header describes."""
    if set(content) - {ENCODER} != set(ARCHITECTURE_FIELDS):
        raise PolicyError(
            f'architecture: given {sorted(content)}; accepted: {sorted(ARCHITECTURE_FIELDS)}'
        )
    return PolicyArchitecture(**content)
