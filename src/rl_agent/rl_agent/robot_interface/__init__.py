# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The robot's topics and services, in real time or in lockstep with a simulation."""
