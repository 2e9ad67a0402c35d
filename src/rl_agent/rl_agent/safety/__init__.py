# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""From a wanted action to the robot: filter, limits, watchdogs, stops, command gate."""
