# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Import Reverb without the start-up output of TensorFlow and gRPC; its address and errors."""

import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('GRPC_VERBOSITY', 'ERROR')

import reverb
from rl_agent.errors import ReplayError
import tensorflow

# the cores are for training; TensorFlow only delivers batches here
tensorflow.config.set_visible_devices([], 'GPU')
tensorflow.config.threading.set_intra_op_parallelism_threads(1)
tensorflow.config.threading.set_inter_op_parallelism_threads(2)

__all__ = ['local_address', 'replay_error', 'reverb', 'tensorflow']


def local_address(port: int) -> str:
    """Return the address of a Reverb server on this machine."""
    return f'localhost:{port}'


def replay_error(port: int, error: Exception) -> ReplayError:
    """Return what Reverb raised as one ReplayError in one line.

    Reverb has its own exception type for each gRPC status, so callers catch Exception.
    """
    return ReplayError(f'Reverb on port {port}: {" ".join(str(error).split())}')
