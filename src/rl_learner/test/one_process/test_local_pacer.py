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

"""Robots wait for training, and go on when it has caught up."""

import threading

from rl_learner.one_process.local_pacer import LocalPacer

TIMEOUT_S = 20.0


class Race:
    """A robot on a thread that is stepped until it has to wait."""

    def __init__(self, most_ahead: int) -> None:
        self.steps = self.updates = 0
        self.looks = 0
        self.looked = threading.Event()
        self.pacer = LocalPacer(self.backlog, most_ahead)
        self.thread = threading.Thread(target=self.play, daemon=True)

    def backlog(self) -> int:
        self.looks += 1
        if self.steps - self.updates >= 4:
            self.looked.set()
        return self.steps - self.updates

    def play(self) -> None:
        for _ in range(10):
            self.pacer.before_step()
            self.steps += 1


def test_a_robot_waits_until_half_of_the_backlog_is_gone() -> None:
    race = Race(4)
    race.thread.start()
    assert race.looked.wait(TIMEOUT_S)
    assert race.steps == 4
    race.updates = 1
    race.pacer.note_progress()  # three are left, more than half of four
    race.thread.join(0.05)
    assert race.steps == 4
    race.looked.clear()
    race.updates = 2
    race.pacer.note_progress()
    assert race.looked.wait(TIMEOUT_S)
    assert race.steps == 6
    race.pacer.release()
    race.thread.join(TIMEOUT_S)
    assert race.steps == 10


def test_a_waiting_robot_does_not_look_again_and_again() -> None:
    race = Race(4)
    race.thread.start()
    assert race.looked.wait(TIMEOUT_S)
    race.thread.join(0.2)
    assert race.looks <= 6  # once for each step, twice for the one that waits
    race.pacer.release()
    race.thread.join(TIMEOUT_S)
    assert not race.thread.is_alive()
