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

"""How much a spool holds, worked by hand."""

from rl_agent.transport.spool_sizes import image_load, spool_sizes, SpoolSizes


def test_without_images_time_alone_counts() -> None:
    sizes = spool_sizes(300, 500.0, has_images=False, has_folder=True)
    assert sizes == SpoolSizes(held=3600 * 500, in_memory=60 * 500)
    assert spool_sizes(300, 20.0, has_images=False, has_folder=False).in_memory == 4096


def test_with_images_bytes_are_bounded() -> None:
    sizes = spool_sizes(32_768, 20.0, has_images=True, has_folder=True)
    assert sizes == SpoolSizes(held=(2 << 30) // 32_768, in_memory=(64 << 20) // 32_768)
    in_memory_only = spool_sizes(32_768, 20.0, has_images=True, has_folder=False)
    assert in_memory_only == SpoolSizes(held=2048, in_memory=2048)
    assert spool_sizes(1 << 40, 20.0, has_images=True, has_folder=True) == SpoolSizes(2, 2)


def test_people_are_told_what_images_ask_for() -> None:
    text = image_load(32_768, 20.0, SpoolSizes(65_536, 2048))
    assert '32.8 kB a step, at 20 Hz 5.2 Mbit/s to the learner machine at most' in text
    assert 'bridges 3277 s' in text
