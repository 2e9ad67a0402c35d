# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Imports recordings into the journal: of transitions, or of a robot's own topics."""
