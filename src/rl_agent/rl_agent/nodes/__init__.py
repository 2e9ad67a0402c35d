# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The executables of the robot side, one module each."""
