# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `rl_describe` tool: writes a first description of a running robot."""
