# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What every node needs of ROS 2: start and end, parameters, topics, diagnostics."""
