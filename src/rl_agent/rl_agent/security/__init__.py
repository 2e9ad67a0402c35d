# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Who may speak: keys in files, signed policies, authenticated transitions."""
