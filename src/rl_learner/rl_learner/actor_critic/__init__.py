# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The maths: actor and critics, losses, gradients, and the state that training changes."""
