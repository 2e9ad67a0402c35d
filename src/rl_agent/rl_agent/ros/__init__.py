# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What every ROS 2 node needs: start and end, parameters, topics, diagnostics."""
