# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

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
