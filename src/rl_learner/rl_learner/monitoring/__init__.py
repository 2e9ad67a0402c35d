# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The curves of a run: scalars, TensorBoard files and plots."""
