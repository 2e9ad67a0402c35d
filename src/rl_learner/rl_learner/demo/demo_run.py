# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One run of the demo: processes, monitor, judge and report."""

from collections.abc import Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
import statistics
import sys
import threading
import time

import psutil
from rich.console import Console
from rl_agent.bringup.node_specs import NodeSpec
from rl_agent.control.agent import FINISHED
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import RlError
from rl_agent.policy.policy_file import save_policy
from rl_agent.system.log_folder import log_variables
from rl_learner.bringup.node_specs import simulation_namespaces, simulation_nodes
from rl_learner.demo.demo_description import DemoDescription
from rl_learner.demo.display import Display, Outlook
from rl_learner.demo.evaluation_schedule import EvaluationSchedule, fitting_episodes
from rl_learner.demo.report import after, Summary, write_report
from rl_learner.demo.ros_monitor import RosMonitor
from rl_learner.evaluation.film_process import make_film
from rl_learner.run.episode_log import EpisodeRow, EPISODES_FILE, read_episodes
from rl_learner.run.folder import (
    CHECKPOINTS,
    DEMO_FILE,
    LOGS,
    new_log_folder,
    POLICY_FILE,
    TENSORBOARD,
)
from rl_learner.system.domain import local_environment
from rl_learner.system.processes import ChildProcess, end_in_order, wait_until_ended
from rl_msgs.msg import Episode

_END_WITHIN_S = 4.0  # a user may count on 5 s from Ctrl-C to the prompt
_FINISH_WITHIN_S = 30.0  # where nobody waits: the learner saves, on a loaded machine too
_LOOK_PERIOD_S = 0.1
_LAST_COUNT_S = 0.7


@dataclass(frozen=True)
class DemoPlan:
    """A run that passed every check.

    Attributes:
        demo: its name or file.
        description: of the demo.
        robot: of the robot.
        algorithm: name or file.
        seed: of everything random.
        robots: side by side, each in a namespace of its own.
        max_steps: of all robots together.
        port: of the Reverb server.
        domain: ROS domain id, held by this process.
        folder: of the run, new and empty.
    """

    demo: str
    description: DemoDescription
    robot: RobotDescription
    algorithm: str
    seed: int
    robots: int
    max_steps: int
    port: int
    domain: int
    folder: Path

    @property
    def namespaces(self) -> list[str]:
        """One for each robot."""
        return simulation_namespaces(self.robots)

    @property
    def evaluation_episodes(self) -> int:
        """Episodes of one evaluation, fewer than described in a short run."""
        return fitting_episodes(
            self.description.evaluation_episodes,
            max_steps=self.max_steps,
            episode_steps=self.robot.episode_steps,
            robots=self.robots,
        )

    def node_specs(self) -> list[NodeSpec]:
        """Return the nodes to run: learner, bridge, then each robot and its agent."""
        description = self.description
        is_own = self.algorithm == description.algorithm
        return simulation_nodes(
            description.robot,
            self.algorithm,
            self.port,
            robots=self.robots,
            seed=self.seed,
            max_steps=self.max_steps,
            max_steps_ahead=description.max_steps_ahead,
            run_folder=str(self.folder),
            warmup=description.warmup,
            updates_to_data=description.updates_to_data if is_own else 0.0,
            status_rate_hz=10.0,
            record_period_s=1.0,
            threads=max(1, (os.cpu_count() or 1) // 2),  # the other parts need cores, too
        )

    def write(self) -> None:
        """Write down how the demo was started, for `--resume`."""
        content = {
            'robot': self.demo,
            'algorithm': self.algorithm,
            'seed': self.seed,
            'robots': self.robots,
            'steps': self.max_steps,
        }
        text = json.dumps(content, indent=2) + '\n'
        (self.folder / DEMO_FILE).write_text(text, encoding='utf-8')


class DemoRun:
    """Starts the processes, watches and judges, ends them, and reports."""

    def __init__(self, plan: DemoPlan, stop: threading.Event) -> None:
        """Prepare a run; nothing is started yet.

        Args:
            plan: what to run.
            stop: set by a signal.
        """
        self._plan, self._stop = plan, stop
        self._console = Console()
        self._judge = EvaluationSchedule(
            target_return=plan.description.target_return,
            highest_return=plan.description.highest_return,
            episodes=plan.evaluation_episodes,
            episode_steps=plan.robot.episode_steps,
            max_steps=plan.max_steps,
            robots=plan.robots,
        )
        table = plan.folder / EPISODES_FILE
        self._earlier = read_episodes(table) if table.exists() else []
        self._episodes: list[EpisodeRow] = []
        self._processes: list[ChildProcess] = []
        self._was_evaluating = False
        self._peak_mb = 0.0
        self._deadline_s: float | None = None
        self._monitor = RosMonitor(plan.namespaces, self._on_episode, plan.description.shown)
        self._environment: dict[str, str] = {}  # of all processes, and of the monitor
        self._started_s = time.monotonic()

    def run(self) -> int:
        """Run until the robot has learned, its steps are over, or a signal; return exit code.

        Raises:
            RlError: a process ended by itself.
        """
        plan = self._plan
        self._console.print(
            f'{plan.folder}: {plan.robots} x {plan.robot.name}, {plan.algorithm}, seed'
            f' {plan.seed}. The topics are in ROS_DOMAIN_ID={plan.domain}.',
            highlight=False,
            soft_wrap=True,
        )
        try:
            self._start_processes()
            self._watch()
            self._end_agents()
            summary = self._summary()
            for process in self._processes:
                process.ask_to_end()
            episodes = after(self._earlier, self._episodes)
            write_report(plan.folder, summary, episodes)  # while the learner saves
            self._let_end(self._processes)
        finally:
            end_in_order([self._processes], self._deadline())
            self._monitor.close()
        self._print_verdict(summary)
        if plan.description.film and not self._stop.is_set():
            self._console.print(
                make_film(plan.description.robot, plan.folder, self._stop),
                highlight=False,
                soft_wrap=True,
            )
        return 0 if self._judge.learned else 1

    def _start_processes(self) -> None:
        """Start a process for each node."""
        self._plan.write()
        logs = new_log_folder(self._plan.folder)
        self._environment = {
            **local_environment(self._plan.domain),
            **log_variables(logs),
            'PYTHONUNBUFFERED': '1',
        }
        for spec in self._plan.node_specs():
            command = [sys.executable, *spec.arguments()]
            log = logs / f'{spec.name}.log'
            self._processes.append(ChildProcess(spec.name, command, log, self._environment))

    def _watch(self) -> None:
        """Show and judge until it is over."""
        # only now: a process with threads should not fork
        self._monitor.start(self._environment)
        with Display(self._console) as display:
            while not self._is_over():
                self._raise_if_one_ended()
                self._steer_evaluation()
                display.show(self._monitor.observed, self._outlook())
                self._peak_mb = max(self._peak_mb, self._resident_mb())
                self._stop.wait(_LOOK_PERIOD_S)
            display.show(self._monitor.observed, self._outlook())

    def _is_over(self) -> bool:
        """Return whether there is nothing more to wait for."""
        agents = list(self._monitor.observed.agents.values())
        finished = len(agents) == self._plan.robots and all(
            status.state == FINISHED for status in agents
        )
        return self._stop.is_set() or self._judge.learned or finished

    def _steer_evaluation(self) -> None:
        """Begin an evaluation when the judge wants one; end one that is decided."""
        was_evaluating, self._was_evaluating = self._was_evaluating, self._judge.evaluating
        if was_evaluating and not self._judge.evaluating:
            self._monitor.evaluate(0)
        elif self._judge.wants_evaluation(self._monitor.observed.steps):
            share = -(-self._plan.evaluation_episodes // self._plan.robots)
            self._monitor.evaluate(share)
            self._was_evaluating = True

    def _on_episode(self, message: Episode) -> None:
        """Record and judge a finished episode; called on the monitor's thread."""
        total = sum(row.steps for row in self._episodes) + message.steps
        complete = message.terminated or message.steps == self._plan.robot.episode_steps
        self._episodes.append(
            EpisodeRow(
                robot=message.robot,
                episode=message.episode,
                total_steps=total,
                steps=message.steps,
                episode_return=message.episode_return,
                evaluation=message.evaluation,
                policy_version=message.policy_version,
                complete=complete,
                wall_s=round(time.monotonic() - self._started_s, 2),
            )
        )
        if complete:
            self._judge.on_episode(
                message.episode_return,
                evaluation=message.evaluation,
                policy_version=message.policy_version,
            )

    def _outlook(self) -> Outlook:
        """Return what the display says besides what was observed."""
        plan, evaluation = self._plan, self._judge.evaluation
        phase = 'learning'
        if not self._monitor.observed.agents:
            phase = 'starting'
        elif self._judge.evaluating:
            phase = f'evaluating {len(evaluation.returns)} of {plan.evaluation_episodes}'
        return Outlook(
            title=f'{plan.robot.name} learns with {plan.algorithm}',
            phase=phase,
            max_steps=plan.max_steps,
            elapsed_s=time.monotonic() - self._started_s,
        )

    def _raise_if_one_ended(self) -> None:
        """Raise RlError with the end of its log where a process ended by itself."""
        for process in self._processes:
            if process.exit_code is not None:
                raise RlError(
                    f'{process.name} ended with exit code {process.exit_code};'
                    f' its log {process.log} ends with:\n{process.last_lines(5)}'
                )

    def _resident_mb(self) -> float:
        """Return the resident memory of all processes, this one included, in MiB."""
        own = float(psutil.Process().memory_info().rss) / (1 << 20)
        return own + sum(process.resident_mb() for process in self._processes)

    def _end_agents(self) -> None:
        """End agents first: what they still hold goes through bridge and learner."""
        agents = [process for process in self._processes if process.name.endswith('agent')]
        for process in agents:
            process.ask_to_end()
        self._let_end(agents)
        end_in_order([agents], self._deadline())
        self._monitor.wait_for_count(_LAST_COUNT_S)

    def _let_end(self, processes: Sequence[ChildProcess]) -> None:
        """Wait until processes that were asked to end have; a signal makes it short."""
        if self._stop.is_set():
            return
        wait_until_ended(processes, self._stop, time.monotonic() + _FINISH_WITHIN_S)
        self._deadline_s = None

    def _deadline(self) -> float:
        """Return when all must have ended, on the steady clock; the first call sets it."""
        if self._deadline_s is None:
            self._deadline_s = time.monotonic() + _END_WITHIN_S
        return self._deadline_s

    def _print_verdict(self, summary: Summary) -> None:
        """Say what came out and where it is."""
        count, mean = len(summary.evaluation_returns), summary.evaluation_mean
        judged = (
            'no deterministic episode'
            if mean is None
            else f'{count} deterministic episodes, mean return {mean:.1f}'
            + self._of_the_highest(mean)
        )
        self._console.print(
            f'{summary.verdict}: {judged} (target {summary.target_return:g});'
            f' {summary.steps} steps, {summary.updates} updates, {summary.wall_time_s:.0f} s,'
            f' {summary.peak_memory_mb:.0f} MiB\n'
            f'{self._plan.folder}/ has {POLICY_FILE} ({self._keep_judged_policy(summary)}),'
            f' {CHECKPOINTS}/, summary.json, {EPISODES_FILE}, learning_curve.png, {TENSORBOARD}/'
            f' and {LOGS}/',
            highlight=False,
            soft_wrap=True,
        )

    def _of_the_highest(self, mean: float) -> str:
        """Return which part of the highest return that is, where that makes sense."""
        highest = self._plan.description.highest_return
        return f', {mean / highest:.2f} of the highest possible' if highest > 0 else ''

    def _summary(self) -> Summary:
        """Return the verdict and what led to it."""
        plan, judge, observed = self._plan, self._judge, self._monitor.observed
        verdict = 'learned' if judge.learned else 'not learned'
        if self._stop.is_set() and not judge.learned:
            verdict = 'interrupted'
        summary = Summary(
            verdict=verdict,
            robot=plan.robot.name,
            algorithm=plan.algorithm,
            seed=plan.seed,
            robots=plan.robots,
            target_return=plan.description.target_return,
            steps=observed.steps,
            transitions_stored=observed.learner.transitions_stored,
            episodes=len(self._episodes),
            updates=observed.learner.updates,
            policy_version=observed.learner.policy_version,
            wall_time_s=round(time.monotonic() - self._started_s, 2),
            peak_memory_mb=round(self._peak_mb, 1),
        )
        returns = judge.evaluation.returns
        if returns:
            summary.evaluation_returns = [round(value, 3) for value in returns]
            summary.evaluation_policy_versions = judge.evaluation.policy_versions
            summary.evaluation_mean = round(statistics.fmean(returns), 3)
            summary.evaluation_std = round(statistics.pstdev(returns), 3)
        return summary

    def _keep_judged_policy(self, summary: Summary) -> str:
        """Make the judged policy the run's policy file if the robot learned; say which it is."""
        versions = summary.evaluation_policy_versions
        if self._judge.learned:
            judged = self._monitor.policy(versions[-1])
            if judged is not None:
                save_policy(self._plan.folder / POLICY_FILE, judged)
                others = len(set(versions)) - 1
                return f'version {judged.version}, as evaluated' + (
                    f' beside {others} earlier' if others else ''
                )
        if (self._plan.folder / POLICY_FILE).exists():
            return f'version {summary.policy_version}, the newest'
        return 'none: the learner had not begun'
