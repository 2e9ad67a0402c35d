# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A policy evaluated on a robot or a Gymnasium task: figures, pictures, films."""
