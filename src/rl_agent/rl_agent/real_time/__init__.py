# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What keeps the control thread at its rate: scheduling, clock, rehearsal, latencies."""
