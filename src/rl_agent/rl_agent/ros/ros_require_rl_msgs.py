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

"""Exits with one line if rl_msgs is not built; imported wherever rl_msgs is imported."""

import sys

try:
    import rl_msgs.msg
    import rl_msgs.rl_msgs_s__rosidl_typesupport_c  # fails with the libraries of another build
    import rl_msgs.srv  # noqa: F401
except ImportError as error:
    sys.exit(
        f'error: rl_msgs: not built for {sys.executable} ({error}); accepted: after `make setup`,'
        ' or after `colcon build` and sourcing its install/setup.bash; where both were used, both'
        ' anew'
    )
