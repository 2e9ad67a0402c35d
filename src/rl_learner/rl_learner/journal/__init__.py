# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The journal: MCAP files that hold every transition before it is acknowledged."""
