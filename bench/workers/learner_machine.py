# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Bridge and learner of a benchmark, started with their own command lines; nothing is trained."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
import sys
import time

import psutil
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.bringup.parameters import ReplayBridgeParameters
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port
from rl_learner.system.processes import ChildProcess

from workers.legged import write_description

WARMUP = 1_000_000  # so many transitions that the learner never trains
START_TIMEOUT_S, SETTLE_TIMEOUT_S = 120.0, 30.0


class LearnerMachine:
    """Bridge and learner processes.

    Attributes:
        description: of the robots.
        bridge: process of the replay bridge.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        commit_period_s: float = ReplayBridgeParameters.commit_period_s,
    ) -> None:
        """Start both and wait until Reverb answers.

        Args:
            folder: of all files.
            environment: of both.
            commit_period_s: parameter of the bridge.
        """
        self.folder, self.environment = folder, environment
        self.description = write_description(folder)
        port = free_port()
        bridge, learner = learner_nodes(
            str(self.description),
            'sac',
            port,
            run_folder=str(folder / 'run'),
            warmup=WARMUP,
            threads=1,
        )
        parameters = {**bridge.parameters, 'commit_period_s': commit_period_s}
        self._bridge_spec = replace(bridge, parameters=parameters)
        self._learner = self._start(learner.name, learner.arguments())
        self.start_bridge()
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while True:
            # a new client each time, because a refused one waits longer before each attempt
            self._writer = ReplayWriter(port)
            if self._writer.is_ready(timeout_s=2):
                return
            if time.monotonic() > deadline_s:
                raise SystemExit(self._learner.last_lines(20))

    def start_bridge(self) -> None:
        """Start the bridge."""
        self.bridge = self._start(self._bridge_spec.name, self._bridge_spec.arguments())

    def inserted(self) -> int:
        """Return the number of transitions ever inserted into replay."""
        state = self._writer.state(timeout_s=10)
        assert state is not None
        return state.position

    def settled_count(self, expected: int) -> int:
        """Return the final number of insertions; the bridge acknowledges before it inserts."""
        deadline_s = time.monotonic() + SETTLE_TIMEOUT_S
        while self.inserted() < expected and time.monotonic() < deadline_s:
            time.sleep(0.2)
        return self.inserted()

    def bridge_cpu_s(self) -> float:
        """Return the bridge's processor time."""
        times = psutil.Process(self.bridge.pid).cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """End both processes."""
        for process in (self.bridge, self._learner):
            process.ask_to_end()
            process.end(time.monotonic() + 15.0)

    def _start(self, name: str, words: list[str]) -> ChildProcess:
        """Start a node."""
        log = self.folder / f'{name}.log'
        return ChildProcess(name, [sys.executable, *words], log, self.environment)
