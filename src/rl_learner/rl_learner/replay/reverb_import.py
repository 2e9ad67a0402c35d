# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Import Reverb without the pages that TensorFlow and gRPC print at start-up."""

import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('GRPC_VERBOSITY', 'ERROR')

import reverb
import tensorflow

# training's own products take the cores; TensorFlow only hands out batches here
tensorflow.config.set_visible_devices([], 'GPU')
tensorflow.config.threading.set_intra_op_parallelism_threads(1)
tensorflow.config.threading.set_inter_op_parallelism_threads(2)

__all__ = ['reverb', 'tensorflow']
