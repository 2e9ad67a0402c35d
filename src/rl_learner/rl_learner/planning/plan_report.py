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

"""A plan in words, as a table, and as plain values."""

from rich.table import Table
from rl_learner.planning.fleet import Fleet, MOST_ROBOTS, Training
from rl_learner.planning.measured import Measured
from rl_learner.planning.plan import Plan


def as_table(plan: Plan, fleet: Fleet) -> Table:
    """Return a table of all loads, what gives first on top."""
    table = Table(title=f'{fleet.robots:,} robots at {fleet.rate_hz:g} Hz')
    for name in ('what', 'needed', 'there is', 'used', 'robots at most'):
        table.add_column(name, justify='left' if name == 'what' else 'right')
    for load in plan.loads:
        table.add_row(
            load.name,
            f'{load.needed:.3g} {load.unit}',
            f'{load.available:.3g} {load.unit}',
            f'{load.used:.0%}',
            _count(plan.most_robots[load.name]),
        )
    return table


def summary(plan: Plan, fleet: Fleet, training: Training) -> list[str]:
    """Return the answer in a few lines."""
    first = plan.first
    most = _count(plan.most_robots[first.name])
    lines = [
        f'{"fits" if plan.fits else "does not fit"}; what gives first: {first.name}, at more than'
        f' {most} robots; what helps: {first.remedy}',
        f'journal: {plan.journal_gb_per_hour:.3g} GB per hour; a robot sends'
        f' {plan.robot_up_mbit:.3g} Mbit/s, receives {plan.robot_down_mbit:.3g} and needs'
        f' {plan.robot_mb:.3g} MB for the others; updates:'
        f' {training.updates_per_s:.4g}/s on each of {training.devices} devices',
    ]
    if plan.beyond_measured:
        measured = fleet.robots - plan.beyond_measured
        lines.append(f'beyond what was measured: at most {measured} robots were')
    return lines


def as_values(
    plan: Plan, fleet: Fleet, training: Training, measured: Measured
) -> dict[str, object]:
    """Return the plan as plain values, for JSON."""
    return {
        'fits': plan.fits,
        'first': plan.first.name,
        'robots': fleet.robots,
        'most_robots': plan.most_robots[plan.first.name],
        'loads': {
            load.name: {
                'needed': load.needed,
                'available': load.available,
                'unit': load.unit,
                'used': load.used,
                'most_robots': plan.most_robots[load.name],
            }
            for load in plan.loads
        },
        'journal_gb_per_hour': plan.journal_gb_per_hour,
        'robot_up_mbit': plan.robot_up_mbit,
        'robot_down_mbit': plan.robot_down_mbit,
        'robot_mb': plan.robot_mb,
        'updates_per_s_of_a_device': training.updates_per_s,
        'robots_beyond_measured': plan.beyond_measured,
        'constants': measured.sources(),
    }


def _count(robots: int) -> str:
    """Return a number of robots in words."""
    return 'any' if robots == MOST_ROBOTS else f'{robots:,}'
