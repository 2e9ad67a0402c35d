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

"""One run of the demo: processes, monitor, evaluations and report."""

from collections.abc import Sequence
import statistics
import sys
import threading
import time

import psutil
from rich.console import Console
from rl_agent.control.agent import FINISHED
from rl_agent.policy.policy_file import save_policy
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.system.log_folder import log_variables
from rl_learner.demo.demo_plan import DemoPlan
from rl_learner.demo.demonstrations import DemonstrationRun
from rl_learner.demo.display import Display, RunStatus
from rl_learner.demo.evaluation_schedule import EvaluationSchedule
from rl_learner.demo.report import (
    continue_rows,
    CURVE_FILE,
    Summary,
    SUMMARY_FILE,
    write_report,
)
from rl_learner.demo.ros_monitor import FinishedEpisode, RosMonitor
from rl_learner.evaluation.film_process import make_film
from rl_learner.run.episode_log import EpisodeRow, EPISODES_FILE, read_episodes
from rl_learner.run.folder import (
    CHECKPOINTS,
    LOGS,
    new_log_folder,
    POLICY_FILE,
    TENSORBOARD,
)
from rl_learner.system.domain import local_environment
from rl_learner.system.processes import (
    ChildProcess,
    end_in_order,
    raise_if_ended,
    wait_until_ended,
)

_INTERRUPT_TIMEOUT_S = 4.0  # documented: at most 5 s from Ctrl-C to the prompt
_FINISH_TIMEOUT_S = 30.0  # without an interrupt; a learner on a loaded machine saves slowly
_POLL_PERIOD_S = 0.1
_LAST_STATUS_TIMEOUT_S = 0.7
_COUNT_TIMEOUT_S = 10.0  # without an interrupt; a learner on a loaded machine counts late


class DemoRun:
    """Starts the processes, monitors and evaluates, ends the processes, and reports."""

    def __init__(self, plan: DemoPlan, stop: threading.Event) -> None:
        """Prepare a run without starting it.

        Args:
            plan: what to run.
            stop: event that is set by a signal and ends the run.
        """
        self._plan, self._stop = plan, stop
        self._console = Console()
        self._schedule = EvaluationSchedule(
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
        self._monitor = RosMonitor(
            plan.namespaces,
            self._on_episode,
            plan.description.shown,
            sees_images=bool(plan.robot.images),
        )
        self._environment: dict[str, str] = {}  # of all processes and of the monitor
        self._started_s = time.monotonic()

    def run(self) -> int:
        """Run until the outcome is certain, the steps run out, or a signal; return the exit code.

        Raises:
            RlError: a process ended unexpectedly.
        """
        plan = self._plan
        self._console.print(
            f'{plan.folder}: {plan.robots} x {plan.robot.name}, {plan.algorithm}, seed'
            f' {plan.seed}. The topics are in ROS_DOMAIN_ID={plan.domain}.',
            highlight=False,
            soft_wrap=True,
        )
        self._plan.write_options()
        self._record_demonstrations()
        try:
            self._start_processes()
            self._watch()
            self._end_agents()
            summary = self._summary()
            for process in self._processes:
                process.ask_to_end()
            episodes = continue_rows(self._earlier, self._episodes)
            write_report(plan.folder, summary, episodes)  # while the learner saves
            self._let_end(self._processes)
        finally:
            end_in_order([self._processes], self._deadline())
            self._monitor.close()
        self._print_summary(summary)
        if plan.description.film and not self._stop.is_set():
            self._console.print(
                make_film(plan.description.robot, plan.folder, self._stop),
                highlight=False,
                soft_wrap=True,
            )
        return 0 if summary.verdict in ('learned', 'finished') else 1

    def _record_demonstrations(self) -> None:
        """Let a person show what to do, if the demo wants that and nothing is stored yet."""
        plan = self._plan.demonstrations
        if plan is None:
            return
        environment = local_environment(self._plan.domain)
        DemonstrationRun(plan, environment, self._stop, self._console.print).run()

    def _start_processes(self) -> None:
        """Start a process for each node."""
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
        """Show progress and steer evaluations until the run is over."""
        # after the processes: a process with threads should not fork
        self._monitor.start(self._environment)
        with Display(self._console) as display:
            while not self._is_over():
                raise_if_ended(self._processes)
                self._steer_evaluation()
                display.show(self._monitor.observed, self._status())
                self._peak_mb = max(self._peak_mb, self._resident_mb())
                self._stop.wait(_POLL_PERIOD_S)
            display.show(self._monitor.observed, self._status())

    def _is_over(self) -> bool:
        """Return whether the outcome is certain, all agents have finished, or a signal came."""
        agents = list(self._monitor.observed.agents.values())
        finished = len(agents) == self._plan.robots and all(
            status.state == FINISHED for status in agents
        )
        decided = self._schedule.learned or self._schedule.finished
        return self._stop.is_set() or decided or finished

    def _steer_evaluation(self) -> None:
        """Start an evaluation if one is due; end one with a certain outcome."""
        was_evaluating, self._was_evaluating = self._was_evaluating, self._schedule.evaluating
        if was_evaluating and not self._schedule.evaluating:
            self._monitor.evaluate(0)
        # the robot that is ahead decides: it must have the steps for its share
        elif self._schedule.start_if_due(self._plan.robots * self._monitor.observed.most_steps):
            share = -(-self._plan.evaluation_episodes // self._plan.robots)
            self._monitor.evaluate(share)
            self._was_evaluating = True
        else:
            self._monitor.repeat_requests()

    def _on_episode(self, episode: FinishedEpisode) -> None:
        """Record a finished episode and evaluate with it; called in the monitor's thread."""
        total = sum(row.steps for row in self._episodes) + episode.steps
        complete = episode.terminated or episode.steps == self._plan.robot.episode_steps
        self._episodes.append(
            EpisodeRow(
                robot=episode.robot,
                episode=episode.episode,
                total_steps=total,
                steps=episode.steps,
                episode_return=episode.episode_return,
                evaluation=episode.evaluation,
                policy_version=episode.policy_version,
                complete=complete,
                wall_s=round(time.monotonic() - self._started_s, 2),
                outcome=episode.outcome,
                person_steps=episode.person_steps,
            )
        )
        # one in which a person helped says little about the policy
        if complete and not episode.person_steps:
            self._schedule.on_episode(
                episode.episode_return,
                evaluation=episode.evaluation,
                policy_version=episode.policy_version,
            )

    def _status(self) -> RunStatus:
        """Return what the display shows in addition to the monitor's messages."""
        plan, evaluation = self._plan, self._schedule.evaluation
        phase = 'learning'
        if not self._monitor.observed.agents:
            phase = 'starting'
        elif self._schedule.evaluating:
            phase = f'evaluating {len(evaluation.returns)} of {plan.evaluation_episodes}'
        return RunStatus(
            title=f'{plan.robot.name} learns with {plan.algorithm}',
            phase=phase,
            max_steps=plan.max_steps,
            elapsed_s=time.monotonic() - self._started_s,
        )

    def _resident_mb(self) -> float:
        """Return the resident memory of all processes including this one, MiB."""
        own = float(psutil.Process().memory_info().rss) / (1 << 20)
        return own + sum(process.resident_mb() for process in self._processes)

    def _end_agents(self) -> None:
        """End the agents first, so that their last transitions still reach the learner."""
        names = ('agent', 'simulated_fleet')
        agents = [process for process in self._processes if process.name.endswith(names)]
        for process in agents:
            process.ask_to_end()
        self._let_end(agents)
        end_in_order([agents], self._deadline())
        self._wait_for_last_count()

    def _wait_for_last_count(self) -> None:
        """Wait until the learner has counted what the agents have sent; a signal cuts it short."""
        give_up_s = time.monotonic() + _COUNT_TIMEOUT_S
        while not self._monitor.wait_for_last_status(_LAST_STATUS_TIMEOUT_S):
            if self._stop.is_set() or time.monotonic() > give_up_s:
                return
        stored = -1  # the count has the steps of earlier starts in it: wait until it rests
        while self._earlier and stored != self._monitor.observed.learner.transitions_stored:
            stored = self._monitor.observed.learner.transitions_stored
            if self._stop.wait(_LAST_STATUS_TIMEOUT_S):
                return

    def _let_end(self, processes: Sequence[ChildProcess]) -> None:
        """Wait for processes that were asked to end; a signal cuts the wait short."""
        if self._stop.is_set():
            return
        wait_until_ended(processes, self._stop, time.monotonic() + _FINISH_TIMEOUT_S)
        self._deadline_s = None

    def _deadline(self) -> float:
        """Return the monotonic time when all processes must have ended; the first call sets it."""
        if self._deadline_s is None:
            self._deadline_s = time.monotonic() + _INTERRUPT_TIMEOUT_S
        return self._deadline_s

    def _print_summary(self, summary: Summary) -> None:
        """Print the outcome of the run and where its files are."""
        count, mean = len(summary.evaluation_returns), summary.evaluation_mean
        evaluation = (
            'no deterministic episode'
            if mean is None
            else f'{count} deterministic episodes, mean return {mean:.1f}'
            + self._of_the_highest(mean)
        )
        self._console.print(
            f'{summary.verdict}: {evaluation}{self._target_text()};'
            f' {summary.steps} steps, {summary.updates} updates, {summary.wall_time_s:.0f} s,'
            f' {summary.peak_memory_mb:.0f} MiB\n'
            f'{self._plan.folder}/ has {POLICY_FILE} ({self._save_evaluated_policy(summary)}),'
            f' {CHECKPOINTS}/, {SUMMARY_FILE}, {EPISODES_FILE}, {CURVE_FILE}, {TENSORBOARD}/'
            f' and {LOGS}/',
            highlight=False,
            soft_wrap=True,
        )

    def _target_text(self) -> str:
        """Return the target in parentheses; nothing without one."""
        target = self._plan.description.target_return
        return '' if target is None else f' (target {target:g})'

    def _of_the_highest(self, mean: float) -> str:
        """Return the mean as a fraction of the highest return, if that is positive."""
        highest = self._plan.description.highest_return or 0.0
        return f', {mean / highest:.2f} of the highest possible' if highest > 0 else ''

    def _summary(self) -> Summary:
        """Return the outcome of the run."""
        plan, schedule, observed = self._plan, self._schedule, self._monitor.observed
        verdict = 'learned' if schedule.learned else 'not learned'
        if plan.description.target_return is None:
            verdict = 'finished'
        if self._stop.is_set() and not (schedule.learned or schedule.finished):
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
        returns = schedule.evaluation.returns
        if returns:
            summary.evaluation_returns = [round(value, 3) for value in returns]
            summary.evaluation_policy_versions = schedule.evaluation.policy_versions
            summary.evaluation_mean = round(statistics.fmean(returns), 3)
            summary.evaluation_std = round(statistics.pstdev(returns), 3)
        return summary

    def _save_evaluated_policy(self, summary: Summary) -> str:
        """Save the policy of a complete evaluation; return which policy the file has."""
        versions = summary.evaluation_policy_versions
        if self._schedule.learned or self._schedule.finished:
            policy = self._monitor.policy(versions[-1])
            if policy is not None:
                save_policy(self._plan.folder / POLICY_FILE, policy)
                earlier = len(set(versions)) - 1
                return f'version {policy.version}, as evaluated' + (
                    f' with {earlier} earlier ones' if earlier else ''
                )
        if (self._plan.folder / POLICY_FILE).exists():
            return f'version {summary.policy_version}, the newest'
        return 'none: the learner had not started'
