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

"""Records episodes that a person drives, without a learner, into a run's demonstrations."""

from collections.abc import Callable
import sys
import threading
import time

from rl_agent.control.agent import FINISHED
from rl_agent.system.log_folder import log_variables
from rl_learner.demo.demonstration_plan import DemonstrationPlan
from rl_learner.demo.ros_monitor import FinishedEpisode, RosMonitor
from rl_learner.run.folder import new_log_folder
from rl_learner.system.processes import (
    ChildProcess,
    end_in_order,
    raise_if_ended,
    wait_until_ended,
)

_POLL_PERIOD_S = 0.1
_STORED_TIMEOUT_S, _END_TIMEOUT_S = 10.0, 10.0


class DemonstrationRun:
    """Starts the processes, shows each episode, and ends the processes."""

    def __init__(
        self,
        plan: DemonstrationPlan,
        environment: dict[str, str],
        stop: threading.Event,
        show: Callable[[str], None],
    ) -> None:
        """Prepare it; `run` starts it.

        Args:
            plan: what to record.
            environment: variables of all processes, which choose the ROS domain.
            stop: event that a signal sets.
            show: called with each line for people.
        """
        self._plan, self._stop, self._show = plan, stop, show
        logs = new_log_folder(plan.folder)
        self._logs = logs
        self._environment = {**environment, **log_variables(logs), 'PYTHONUNBUFFERED': '1'}
        self._monitor = RosMonitor([plan.robot_namespace], self._on_episode)
        self._processes: list[ChildProcess] = []

    def say(self, word: str) -> None:
        """Say a word to the agent, see `Words`."""
        self._monitor.say(word)

    def run(self) -> int:
        """Record until enough episodes are kept, or `stop`; return the transitions stored.

        Raises:
            RlError: a process ended unexpectedly.
        """
        plan = self._plan
        try:
            for spec in plan.node_specs():
                command = [sys.executable, *spec.arguments()]
                log = self._logs / f'{spec.name}.log'
                self._processes.append(ChildProcess(spec.name, command, log, self._environment))
            self._monitor.start(self._environment)
            self._watch()
            return self._end()
        finally:
            end_in_order([self._processes], time.monotonic() + _END_TIMEOUT_S)
            self._monitor.close()

    def _watch(self) -> None:
        """Wait until the agent has finished or a signal comes; show what it waits for."""
        shown = ''
        while not self._stop.wait(_POLL_PERIOD_S):
            if any(process.exit_code == 0 for process in self._agents) or self._has_finished:
                return
            raise_if_ended(self._processes)
            status = self._monitor.observed.agents.get(self._robot_id)
            if status is not None and not self._plan.scripted:
                line = f'{status.state}; the hand is {status.hand}'
                if line != shown:
                    self._show(line)
                shown = line

    @property
    def _agents(self) -> list[ChildProcess]:
        """The process of the agent."""
        return [process for process in self._processes if process.name.endswith('agent')]

    @property
    def _robot_id(self) -> str:
        """Name of the robot in the messages of its agent."""
        return next(iter(self._monitor.observed.agents), '')

    @property
    def _has_finished(self) -> bool:
        """Whether the agent has taken all episodes."""
        agents = self._monitor.observed.agents.values()
        return any(status.state == FINISHED for status in list(agents))

    def _end(self) -> int:
        """End the agent first, so that its last transitions are stored; return their number."""
        for process in self._agents:
            process.ask_to_end()
        wait_until_ended(self._agents, threading.Event(), time.monotonic() + _STORED_TIMEOUT_S)
        status = self._monitor.observed.agents.get(self._robot_id)
        return int(status.steps) if status is not None else 0

    def _on_episode(self, episode: FinishedEpisode) -> None:
        """Show an episode; called in the monitor's thread."""
        outcome = episode.outcome or 'ended'
        kept = outcome == 'success' or (outcome != 'discard' and not self._plan.only_successes)
        self._show(
            f'episode {episode.episode}: {outcome}, {episode.steps} steps, return'
            f' {episode.episode_return:.2f}, {"kept" if kept else "dropped"}'
        )
