# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What a run looks like while it goes on: a live table, or plain lines without a terminal."""

from dataclasses import dataclass
import math
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rl_learner.demo.ros_monitor import Observed
from rl_learner.demo.ros_step_means import StepMeans

_LINE_PERIOD_S = 2.0


@dataclass(frozen=True)
class Outlook:
    """What the display says besides what was observed.

    Attributes:
        title: of the run.
        phase: what is going on, in words.
        max_steps: when the run ends at the latest.
        elapsed_s: since the start.
    """

    title: str
    phase: str
    max_steps: int
    elapsed_s: float


class Display:
    """Shows a run; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        """Draw on a console, in place if it is a terminal."""
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._line_s = 0.0

    def __enter__(self) -> 'Display':
        """Begin to draw."""
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the last picture standing."""
        if self._live:
            self._live.__exit__(kind, error, traceback)

    def show(self, observed: Observed, outlook: Outlook) -> None:
        """Draw the newest state."""
        if self._live:
            self._live.update(_panel(observed, outlook), refresh=True)
        elif time.monotonic() - self._line_s >= _LINE_PERIOD_S:
            self._line_s = time.monotonic()
            line = _line(observed, outlook)
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def _panel(observed: Observed, outlook: Outlook) -> Panel:
    """Return the live picture."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify='right', style='bold', no_wrap=True)
    table.add_column()
    bar = ProgressBar(total=outlook.max_steps, completed=observed.steps, width=40)
    steps = Table.grid(padding=(0, 2))
    steps.add_row(f'{observed.steps:,} of at most {outlook.max_steps:,}', bar)
    table.add_row('steps', steps)
    for name, value in _rows(observed):
        table.add_row(name, value)
    subtitle = f'{outlook.phase}   {outlook.elapsed_s:.0f} s   Ctrl-C stops and saves'
    return Panel(table, title=outlook.title, subtitle=subtitle, expand=False)


def _rows(observed: Observed) -> list[tuple[str, str]]:
    """Return the table's lines."""
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
        rows.append(
            (
                robot,
                f'{status.state}: episode {status.episode}, last return {last}, policy'
                f' {status.policy_version}{age}, {status.steps_per_s:.0f} steps/s,'
                f' {status.transitions_pending} to send',
            )
        )
        if robot in observed.steps_of:
            rows.append(('', _steps(observed.steps_of[robot])))
    return rows


def _line(observed: Observed, outlook: Outlook) -> str:
    """Return the state in one line."""
    learner, agents = observed.learner, sorted(observed.agents.items())
    robots = ' '.join(
        f'[{robot} return {_or_dash(status.last_return, ".0f")} policy {status.policy_version}'
        f' age {_or_dash(status.policy_age_s, ".1f")}s'
        + (f' {_steps(observed.steps_of[robot])}]' if robot in observed.steps_of else ']')
        for robot, status in agents
    )
    return (
        f'{outlook.elapsed_s:4.0f}s {outlook.phase}: steps {observed.steps}'
        f' updates {learner.updates} ({learner.updates_per_s:.0f}/s)'
        f' replay {learner.replay_size} {_metrics(observed)} {robots}'
    )


def _or_dash(number: float, form: str) -> str:
    """Return a number, or a dash where there is none yet."""
    return '-' if math.isnan(number) else format(number, form)


def _steps(means: StepMeans) -> str:
    """Return the means of a robot's newest steps in one line."""
    senses = [f'{label} {value:.2f}' for label, value in means.senses.items()]
    parts = [f'{name} {value:.3g}' for name, value in means.rewards.items()]
    return ', '.join([*senses, f'reward of a step: {" + ".join(parts)}'])


def _metrics(observed: Observed) -> str:
    """Return losses and temperature in one line."""
    learner = observed.learner
    values = dict(zip(learner.metric_names, learner.metric_values, strict=True))
    shown = ('critic_loss', 'actor_loss', 'temperature')
    texts = [f'{name.replace("_", " ")} {values[name]:.3g}' for name in shown if name in values]
    return ', '.join(texts) or 'no update yet'
