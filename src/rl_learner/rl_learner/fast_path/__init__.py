# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Gradients of the networks in closed form, equal to those of autograd."""
