# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The policy on the robot: parameters, forward pass in NumPy, checks, swap."""
