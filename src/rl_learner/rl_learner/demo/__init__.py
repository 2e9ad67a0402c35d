# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""`make demo`: starts all processes, shows progress, evaluates and reports."""
