# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A simulated robot behind the same topics as a real one."""
