# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Gazebo: world and model files, bridge files, relay to the topics of a robot."""
