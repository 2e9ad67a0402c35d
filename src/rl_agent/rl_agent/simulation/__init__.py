# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Simulated robots: behind the topics of a real one, or in this process."""
