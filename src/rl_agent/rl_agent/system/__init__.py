# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Operating system helpers: files, folders, disk space, signals."""
