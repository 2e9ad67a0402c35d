# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Parts of the simulated quadruped: MuJoCo file, body, sensors, motion to stand up."""
