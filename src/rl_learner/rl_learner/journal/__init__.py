# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The journal: every transition on the disk, in MCAP files, before it is acknowledged."""
