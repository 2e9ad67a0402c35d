# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Policies and experience in the formats of other programs."""
