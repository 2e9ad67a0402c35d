# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Exports policies and experience in formats of other programs."""
