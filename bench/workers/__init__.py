# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Programs that the benchmarks run, each in the environment that it needs."""
