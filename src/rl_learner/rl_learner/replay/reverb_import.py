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

"""Reverb and TensorFlow, imported when they are first used; Reverb's address and errors.

The import takes seconds of processor time, so a program first checks what it was given: a mistake
is reported at once. Neither prints its start-up output.
"""

from functools import cache
import importlib
import os
from typing import Any, TYPE_CHECKING

from rl_agent.errors import ReplayError


@cache
def _import(name: str) -> Any:
    """Return Reverb or TensorFlow, set up to leave the processor to training."""
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    os.environ.setdefault('GRPC_VERBOSITY', 'ERROR')
    tensorflow = importlib.import_module('tensorflow')
    # TensorFlow only delivers batches here
    tensorflow.config.set_visible_devices([], 'GPU')
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(2)
    return importlib.import_module(name)


class _ImportedWhenUsed:
    """A module that is imported with its first attribute."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(_import(self._name), attribute)


if TYPE_CHECKING:
    import reverb
    import tensorflow
else:
    reverb = _ImportedWhenUsed('reverb')
    tensorflow = _ImportedWhenUsed('tensorflow')

__all__ = ['local_address', 'replay_error', 'reverb', 'tensorflow']


def local_address(port: int) -> str:
    """Return the address of a Reverb server on this machine."""
    return f'localhost:{port}'


def replay_error(port: int, error: Exception) -> ReplayError:
    """Return what Reverb raised as one ReplayError in one line.

    Reverb has its own exception type for each gRPC status, so callers catch Exception.
    """
    return ReplayError(f'Reverb on port {port}: {" ".join(str(error).split())}')
