# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Functions that complete a robot's commands before they are sent: `finish` of a description."""
