# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The parts of the simulated quadruped: its drawing, its body, how it stands up."""
