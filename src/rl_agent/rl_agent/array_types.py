# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Names for types of arrays; docstrings say the shapes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Command = Float64Array  # (action,) in the units of the robot's command
FieldValues = Mapping[str, Float64Array]  # name of an observation field to its numbers
Frame = NDArray[np.uint8]  # (height, width, 3), red, green and blue
