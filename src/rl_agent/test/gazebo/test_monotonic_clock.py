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

"""A simulator's time becomes monotonic."""

from rl_agent.gazebo.monotonic_clock import MonotonicClock


def test_time_continues_after_a_restart() -> None:
    """In steps of 50: after 0, 50 and 100 a restart at 0 counts as one step after 100."""
    clock = MonotonicClock(50)
    results = []
    for stamp_ns in (0, 50, 100, 0, 50, 30, 80):
        jumped_back = clock.note(stamp_ns)
        results.append((clock.monotonic_ns(stamp_ns), jumped_back))
    assert results == [
        (0, False),
        (50, False),
        (100, False),
        (150, True),
        (200, False),
        (250, True),
        (300, False),
    ]
    assert clock.restarts == 2


def test_a_requested_restart_needs_no_jump() -> None:
    """The first stamp after it may equal the last one before it."""
    clock = MonotonicClock(50)
    clock.note(50)
    clock.restart()
    assert not clock.note(50)
    assert clock.monotonic_ns(50) == 100
    assert clock.restarts == 1


def test_constant_time_is_no_restart() -> None:
    clock = MonotonicClock(50)
    assert [clock.note(stamp_ns) for stamp_ns in (20, 20, 20)] == [False, False, False]
    assert clock.monotonic_ns(20) == 20
    assert clock.monotonic_ns(10) == 10, 'a message from a little earlier'
