# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Reverb: the table, what fills it, what samples from it. Only this room imports it."""
