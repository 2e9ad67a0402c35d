# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The way to the learner machine: transitions numbered, kept until acknowledged, sent."""
