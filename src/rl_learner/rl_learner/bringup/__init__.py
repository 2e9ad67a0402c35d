# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Starting the nodes of the learner machine, and the Python that can run them."""
