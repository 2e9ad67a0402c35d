# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Names for array types; docstrings give the shapes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
BooleanArray = NDArray[np.bool_]
Command = Float64Array  # (action,), in the units of the robot's command
FieldValues = Mapping[str, Float64Array]  # numbers by observation field
Frame = NDArray[np.uint8]  # (height, width, 3), red, green, blue
