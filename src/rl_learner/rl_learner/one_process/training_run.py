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

"""One run in one process: each robot on a thread, and training on another."""

from collections.abc import Callable
from dataclasses import dataclass
import math
from pathlib import Path
import sys
import threading
import time
from typing import Any

import numpy as np
from rl_agent.control.agent import Agent
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.episodes import EpisodeResult
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import PolicyError, RlError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.simulation.in_process_robot import InProcessRobot
from rl_agent.transport.transition import Transition
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.evaluation.in_process_evaluation import InProcessEvaluation
from rl_learner.journal.journal import Journal
from rl_learner.journal.replay_bridge import ReplayBridge
from rl_learner.one_process.local_bridge import LocalBridge, LocalSpool
from rl_learner.one_process.local_pacer import LocalPacer
from rl_learner.one_process.run_recorder import RunRecorder
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE
from rl_learner.run.journal_feed import feeds_of_run, journal_settings
from rl_learner.training.training_session import SessionSettings, TrainingSession

_LEAST_AHEAD, _BLOCKS_AHEAD = 64, 3  # transitions; blocks of updates
_SHOW_PERIOD_S, _POLL_PERIOD_S = 5.0, 0.1
_LAST_UPDATES_TIMEOUT_S = 10.0
_SWITCH_INTERVAL_S = 0.0005  # a robot's step must not wait 5 ms for the interpreter


@dataclass(frozen=True)
class RunPlan:
    """What to train.

    Attributes:
        robot: description, with a simulation.
        algorithm: with all overrides.
        folder: of the run; it exists.
        session: how to train.
        recorded: parameters for the manifest.
        robots: how many.
        steps: of all robots together, in this start.
        seed: of everything random.
        evaluate_every: steps between two evaluations; 0: only one at the end.
        evaluation_episodes: of one evaluation; 0: there is none.
    """

    robot: RobotDescription
    algorithm: Algorithm
    folder: Path
    session: SessionSettings
    recorded: dict[str, Any]
    robots: int
    steps: int
    seed: int
    evaluate_every: int
    evaluation_episodes: int


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    Attributes:
        steps: of all robots, in this start.
        steps_per_s: since the last status.
        updates: of the run.
        updates_per_s: over the last publishing period.
        last_return: of the newest whole exploring episode, NaN before the first.
        evaluation: mean return of the newest evaluation, None before the first.
        policy_version: the newest.
    """

    steps: int
    steps_per_s: float
    updates: int
    updates_per_s: float
    last_return: float
    evaluation: float | None
    policy_version: int


class TrainingRun:
    """Robots, journal, Reverb and learner of one run.

    Attributes:
        returns: of the newest evaluation.
    """

    def __init__(self, plan: RunPlan, stop: threading.Event) -> None:
        """Build everything; `run` starts it.

        Args:
            plan: what to train.
            stop: event that a signal sets.

        Raises:
            RlError: the run's folder, the port or the robot cannot be used.
        """
        self._plan, self._stop = plan, stop
        self._evaluation = InProcessEvaluation(plan.robot, plan.evaluation_episodes, plan.seed + 1)
        self.returns: list[float] = []
        self._failure: Exception | None = None
        self._is_saved = False
        self._session = TrainingSession(
            plan.robot,
            plan.algorithm,
            plan.folder,
            plan.session,
            publish=self._offer,
            recorded=plan.recorded,
            on_updates=self._note_updates,
        )
        try:
            self._build()
        except RlError:
            self._session.close(saved=True)
            raise

    def _build(self) -> None:
        """Open journal and files, and make the robots."""
        plan, session = self._plan, self._session
        self._recorder = RunRecorder(plan.folder, plan.algorithm, session.session)
        seeds = np.random.SeedSequence(plan.seed).generate_state(2 * plan.robots)
        simulated = [InProcessRobot(plan.robot, seed=int(seed)) for seed in seeds[: plan.robots]]
        fingerprint, algorithm = session.spaces.fingerprint, plan.algorithm
        journal = Journal(plan.folder / EXPERIENCE, fingerprint, journal_settings(algorithm))
        journals, demonstrations = [journal], None
        if algorithm.demonstration_fraction:
            keep_all = journal_settings(algorithm, keep_gb=0.0)
            demonstrations = Journal(plan.folder / DEMONSTRATIONS, fingerprint, keep_all)
            journals.append(demonstrations)
        port = session.server.port
        feeds = feeds_of_run(plan.folder, journal, demonstrations, session.spaces, algorithm, port)
        bridge = ReplayBridge(session.spaces, journal, journal.sequences)
        self._stored = journal.written.total
        self._bridge = LocalBridge(bridge, journals, feeds)
        self._stores = [PolicyStore(session.spaces) for _ in simulated]
        self._players = [
            _Player(self, number, robot, int(seeds[plan.robots + number]))
            for number, robot in enumerate(simulated)
        ]

    @property
    def steps(self) -> int:
        """Steps of all robots in this start."""
        return sum(player.spool.count for player in self._players)

    @property
    def updates(self) -> int:
        """Critic updates of the run."""
        return self._session.update.updates

    def run(self, show: Callable[[RunStatus], None]) -> None:
        """Train until the steps are done or `stop` is set, then save.

        Args:
            show: called every five seconds.

        Raises:
            RlError: a task or robot failed, a number is not finite, or the disk is full; what was
                learned until then is saved where that is possible.
        """
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        learner = self._session.learner
        training = self._thread('training', self._train)
        robots = [self._thread(player.name, player.play) for player in self._players]
        try:
            training.start()
            for thread in robots:
                thread.start()
            self._watch(robots, show)
            self._await_last_updates()
        finally:
            for player in self._players:
                player.agent.stop()
            for thread in robots:
                thread.join()
            learner.stop()
            training.join()
            if self._failure is None:
                self._evaluate_at_the_end()
            self._close(show)
        if self._failure is not None:
            raise self._failure

    def _train(self) -> None:
        """Train until stopped, then save."""
        self._session.train()
        self._is_saved = True

    def _thread(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Return a thread whose error ends the run."""

        def call() -> None:
            try:
                target()
            except Exception as error:  # raised again by `run`
                self._failure = self._failure or error

        return threading.Thread(target=call, name=name)

    def _watch(self, robots: list[threading.Thread], show: Callable[[RunStatus], None]) -> None:
        """Show the progress until all robots are done, something fails, or a signal comes."""
        shown_s, before = time.monotonic(), 0
        while any(thread.is_alive() for thread in robots):
            self._failure = self._failure or self._bridge.failure
            if self._failure is not None or self._stop.wait(_POLL_PERIOD_S):
                return
            now_s = time.monotonic()
            if now_s - shown_s >= _SHOW_PERIOD_S:
                steps = self.steps
                self._report(show, (steps - before) / (now_s - shown_s))
                shown_s, before = now_s, steps

    def _await_last_updates(self) -> None:
        """Let training use the last transitions, unless something failed."""
        deadline_s = time.monotonic() + _LAST_UPDATES_TIMEOUT_S
        block = self._plan.algorithm.updates_per_block
        while self._failure is None and time.monotonic() < deadline_s:
            if self.backlog() * self._plan.algorithm.updates_to_data < block:
                return
            if self._stop.wait(_POLL_PERIOD_S):
                return

    def _close(self, show: Callable[[RunStatus], None]) -> None:
        """Store and save everything, after the threads have ended."""
        for player in self._players:
            player.spool.flush()
        self._bridge.close()
        self._failure = self._failure or self._bridge.failure
        self._report(show, 0.0, last=True)
        self._session.close(saved=self._is_saved and self._bridge.failure is None)

    def _report(
        self, show: Callable[[RunStatus], None], steps_per_s: float, *, last: bool = False
    ) -> None:
        """Show and record the progress."""
        size, stored = self._session.server.counts()
        progress = self._session.learner.progress
        replay = {
            'replay_size': size,
            'transitions_stored': stored,
            'backlog': self._session.pace.backlog(stored, progress.updates),
        }
        self._recorder.write(progress, replay, last=last)
        mean = sum(self.returns) / len(self.returns) if self.returns else None
        show(
            RunStatus(
                self.steps,
                steps_per_s,
                progress.updates,
                progress.updates_per_s,
                self._recorder.last_return,
                mean,
                progress.policy_version,
            )
        )

    def backlog(self) -> int:
        """Return how many transitions training has not used yet."""
        return self._session.pace.backlog(self._stored + self.steps, self.updates)

    def _note_updates(self) -> None:
        """Let robots go on that waited for these updates; called on the training thread."""
        for player in self._players:
            player.pacer.note_progress()

    def _offer(self, parameters: PolicyParameters) -> None:
        """Give a new policy to all robots."""
        for store in self._stores:
            try:
                store.offer(parameters)
            except PolicyError as error:
                self._failure = self._failure or error

    def evaluate(self, player: '_Player', parameters: PolicyParameters) -> None:
        """Run an evaluation on a robot's thread; its steps are not stored."""
        episodes = self._evaluation.returns(parameters, self._stop)
        for number, (value, steps, terminated) in enumerate(episodes):
            result = EpisodeResult(
                number + 1, steps, value, True, parameters.version, terminated, not terminated
            )
            self._recorder.on_episode(player.name, result)
        if len(episodes) == self._plan.evaluation_episodes:
            self.returns = [value for value, _, _ in episodes]

    def _evaluate_at_the_end(self) -> None:
        """Evaluate the last policy, unless a signal came."""
        if self._plan.evaluation_episodes and not self._stop.is_set():
            self.evaluate(self._players[0], self._session.update.policy())

    def on_episode(self, player: '_Player', result: EpisodeResult) -> None:
        """Record an episode; evaluate if it is time, on the first robot's thread."""
        self._recorder.on_episode(player.name, result)
        every = self._plan.evaluate_every
        if not every or not self._plan.evaluation_episodes or player is not self._players[0]:
            return
        policy = player.agent.policy
        if self.steps // every > player.evaluations and policy is not None:
            player.evaluations = self.steps // every
            self.evaluate(player, policy.policy.parameters)


def _most_ahead(algorithm: Algorithm) -> int:
    """Return how many transitions robots may be ahead: half of them must make a block due."""
    of_a_block = algorithm.updates_per_block / algorithm.updates_to_data
    return max(_LEAST_AHEAD, math.ceil(_BLOCKS_AHEAD * of_a_block))


class _Player:
    """One robot with its agent; receives the agent's steps and episodes.

    Attributes:
        name: of the robot.
        spool: takes its transitions.
        agent: runs its episodes.
        pacer: holds it back.
        evaluations: evaluations that its steps have made due.
    """

    def __init__(self, run: TrainingRun, number: int, robot: InProcessRobot, seed: int) -> None:
        """Prepare an agent."""
        plan = run._plan
        self.name, self._run, self.evaluations = f'robot_{number + 1}', run, 0
        spaces = run._session.spaces
        self.spool = LocalSpool(
            run._bridge, self.name, spaces.fingerprint, short=bool(spaces.images)
        )
        self.pacer = LocalPacer(run.backlog, _most_ahead(plan.algorithm))
        self.agent = Agent(
            RobotEnv(robot, plan.robot),
            run._stores[number],
            self.spool,
            self,
            seed=seed,
            max_steps=max(1, (plan.steps + number) // plan.robots),
            pacer=self.pacer,
        )

    def play(self) -> None:
        """Run episodes until all steps are done."""
        self.agent.run()

    def on_step(self, transition: Transition, wanted: Any, info: dict[str, Any]) -> None:
        """Receive a step; nothing is done with it."""

    def on_episode(self, result: EpisodeResult) -> None:
        """Receive an episode."""
        self._run.on_episode(self, result)
