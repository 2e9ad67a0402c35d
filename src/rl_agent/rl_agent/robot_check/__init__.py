# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `check_robot` tool: compares a robot with its description."""
