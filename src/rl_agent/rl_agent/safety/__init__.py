# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Between a wanted action and the robot: filter, limits, watchdogs, stops, command gate."""
