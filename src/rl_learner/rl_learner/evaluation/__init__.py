# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Evaluates a policy on a robot or a Gymnasium task: statistics, pictures, films."""
