# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The agent: runs episodes on the robot, hands transitions over, reports what it does."""
