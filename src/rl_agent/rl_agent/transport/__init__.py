# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Transport to the learner machine: number, spool, send and acknowledge transitions."""
