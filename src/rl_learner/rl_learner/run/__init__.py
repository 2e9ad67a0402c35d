# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The folder of a run: identity, lock, manifest, episodes, listing."""
