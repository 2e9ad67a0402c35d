# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A control thread that keeps its rate: scheduling, clock, rehearsal, latencies."""
