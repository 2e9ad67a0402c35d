# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Recordings into the journal: bags with transitions, and bags with raw topics."""
