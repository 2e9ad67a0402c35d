# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot's YAML file as frozen dataclasses, every key checked."""
