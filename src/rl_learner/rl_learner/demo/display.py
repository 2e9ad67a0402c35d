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

"""Shows a run in progress: a live table, or plain lines without a terminal."""

from dataclasses import dataclass
import math
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rl_agent.teaching.hand_state import DRIVING
from rl_learner.demo.ros_monitor import Observed
from rl_learner.demo.ros_step_means import StepMeans

_LINE_PERIOD_S = 2.0


@dataclass(frozen=True)
class RunStatus:
    """What the display shows in addition to the monitor's messages.

    Attributes:
        title: title of the run.
        phase: what the run is doing, in words.
        max_steps: maximum of control steps of all robots together.
        elapsed_s: time since the start.
    """

    title: str
    phase: str
    max_steps: int
    elapsed_s: float


class Display:
    """Shows a run; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        """Draw on a console; on a terminal, redraw in place."""
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._line_s = 0.0

    def __enter__(self) -> 'Display':
        """Start drawing."""
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop drawing and keep the last state on the console."""
        if self._live:
            self._live.__exit__(kind, error, traceback)

    def show(self, observed: Observed, run: RunStatus) -> None:
        """Draw the newest state of the run."""
        if self._live:
            self._live.update(_panel(observed, run), refresh=True)
        elif time.monotonic() - self._line_s >= _LINE_PERIOD_S:
            self._line_s = time.monotonic()
            line = _line(observed, run)
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def _panel(observed: Observed, run: RunStatus) -> Panel:
    """Return the live table."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify='right', style='bold', no_wrap=True)
    table.add_column()
    bar = ProgressBar(total=run.max_steps, completed=observed.steps, width=40)
    steps = Table.grid(padding=(0, 2))
    steps.add_row(f'{observed.steps:,} of at most {run.max_steps:,}', bar)
    table.add_row('steps', steps)
    for name, value in _rows(observed):
        table.add_row(name, value)
    subtitle = f'{run.phase}   {run.elapsed_s:.0f} s   Ctrl-C stops and saves'
    return Panel(table, title=run.title, subtitle=subtitle, expand=False)


def _rows(observed: Observed) -> list[tuple[str, str]]:
    """Return the rows of the table."""
    learner = observed.learner
    rows = [
        ('updates', f'{learner.updates:,} at {learner.updates_per_s:.0f} per second'),
        ('replay', f'{learner.replay_size:,} transitions'),
        ('losses', _metrics(observed)),
        ('learner', f'{learner.state or "starting"}, policy {learner.policy_version}'),
    ]
    for robot, status in sorted(observed.agents.items()):
        age = '' if math.isnan(status.policy_age_s) else f', {status.policy_age_s:.1f} s old'
        last = _or_dash(status.last_return, '.0f')
        hand = ', a person drives' if status.hand == DRIVING else ''
        rows.append(
            (
                robot,
                f'{status.state}{hand}: episode {status.episode}, last return {last}, policy'
                f' {status.policy_version}{age}, {status.steps_per_s:.0f} steps/s,'
                f' {status.transitions_pending} to send',
            )
        )
        if robot in observed.step_means:
            rows.append(('', _means(observed.step_means[robot])))
    return rows


def _line(observed: Observed, run: RunStatus) -> str:
    """Return the state of the run in one line."""
    learner, agents = observed.learner, sorted(observed.agents.items())
    robots = ' '.join(
        f'[{robot} return {_or_dash(status.last_return, ".0f")} policy {status.policy_version}'
        f' age {_or_dash(status.policy_age_s, ".1f")}s'
        + (f' {_means(observed.step_means[robot])}]' if robot in observed.step_means else ']')
        for robot, status in agents
    )
    return (
        f'{run.elapsed_s:4.0f}s {run.phase}: steps {observed.steps}'
        f' updates {learner.updates} ({learner.updates_per_s:.0f}/s)'
        f' replay {learner.replay_size} {_metrics(observed)} {robots}'
    )


def _or_dash(number: float, spec: str) -> str:
    """Return a number as text, or a dash for NaN."""
    return '-' if math.isnan(number) else format(number, spec)


def _means(means: StepMeans) -> str:
    """Return the means of a robot's newest steps in one line."""
    observation = [f'{label} {value:.2f}' for label, value in means.observation.items()]
    parts = [f'{name} {value:.3g}' for name, value in means.reward_parts.items()]
    return ', '.join([*observation, f'reward of a step: {" + ".join(parts)}'])


def _metrics(observed: Observed) -> str:
    """Return the losses and the temperature in one line."""
    learner = observed.learner
    values = dict(zip(learner.metric_names, learner.metric_values, strict=True))
    shown = ('critic_loss', 'actor_loss', 'temperature')
    texts = [f'{name.replace("_", " ")} {values[name]:.3g}' for name in shown if name in values]
    return ', '.join(texts) or 'no update yet'
