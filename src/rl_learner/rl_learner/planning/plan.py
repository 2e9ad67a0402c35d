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

"""Whether a fleet fits, and what gives first."""

from dataclasses import dataclass, replace

from rl_learner.planning.fleet import Budget, Fleet, MOST_ROBOTS, Training
from rl_learner.planning.loads import Load, Loads
from rl_learner.planning.measured import Measured


@dataclass(frozen=True)
class Plan:
    """The answer.

    Attributes:
        loads: of everything, in the order in which they give as the fleet grows.
        most_robots: with each load, by its name; 0: not even one.
        journal_gb_per_hour: grows by this much.
        robot_up_mbit: what a robot sends, in Mbit/s.
        robot_down_mbit: what a robot receives, in Mbit/s.
        robot_mb: memory of a robot for all the others.
        beyond_measured: more robots than were ever measured; 0: they were.
    """

    loads: tuple[Load, ...]
    most_robots: dict[str, int]
    journal_gb_per_hour: float
    robot_up_mbit: float
    robot_down_mbit: float
    robot_mb: float
    beyond_measured: int

    @property
    def fits(self) -> bool:
        """Whether there is enough of everything."""
        return all(load.used <= 1 for load in self.loads)

    @property
    def first(self) -> Load:
        """What gives first as the fleet grows."""
        return self.loads[0]


def make_plan(fleet: Fleet, training: Training, budget: Budget, measured: Measured) -> Plan:
    """Return whether a fleet fits."""
    loads = Loads(fleet, training, measured)
    found = loads.all(budget)
    most = {
        load.name: _most_robots(number, fleet, training, budget, measured)
        for number, load in enumerate(found)
    }
    measured_robots = int(measured.discovery(fleet.discovery).most_robots.value)
    return Plan(
        loads=tuple(sorted(found, key=lambda load: (most[load.name], -load.used))),
        most_robots=most,
        journal_gb_per_hour=loads.journal_gb(fleet.transitions_per_s * 3600),
        robot_up_mbit=loads.robot_up_mbit(),
        robot_down_mbit=loads.robot_down_mbit(),
        robot_mb=loads.robot_mb(),
        beyond_measured=max(0, fleet.robots - measured_robots),
    )


def _most_robots(
    number: int, fleet: Fleet, training: Training, budget: Budget, measured: Measured
) -> int:
    """Return the largest fleet for which one of the loads fits; every load grows with it."""

    def fits(robots: int) -> bool:
        loads = Loads(replace(fleet, robots=robots), training, measured)
        return loads.all(budget)[number].used <= 1

    low, high = 0, MOST_ROBOTS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
