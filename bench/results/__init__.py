# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Tables of results, and plots and figures from them."""
