# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The robot as a Gymnasium environment: observations, actions, episodes."""
