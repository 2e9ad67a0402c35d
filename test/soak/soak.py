# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`make soak`: a fleet that learns in real time while its processes are killed and stopped.

Memory must stay flat, nothing may be lost or stored twice, and training must go on. Every failed
check is printed when it is found and again at the end; then the exit code is 1. The files are in
the folder that is named first.
"""

import argparse
from collections.abc import Sequence
import datetime
from pathlib import Path
import signal
import sys
import time
from typing import Any

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'test' / 'helpers'))

from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent  # noqa: E402
from rl_learner.system.domain import applied, claim_domain, local_environment  # noqa: E402
from rl_learner.system.ports import free_port  # noqa: E402
from soak_end import Drain, experience_faults, leftover_faults  # noqa: E402
from soak_faults import schedule  # noqa: E402
from soak_fleet import Fleet, node_specs  # noqa: E402
from soak_hearing import Hearing  # noqa: E402
from soak_liveness import Liveness  # noqa: E402
from soak_memory import growths, LEAST_JUDGED_S, WARMUP_S  # noqa: E402
from soak_report import slopes, write_files, write_samples  # noqa: E402
from soak_training import training_faults  # noqa: E402
from soak_watch import Watch  # noqa: E402

SAMPLE_PERIOD_S, LINE_PERIOD_S, TICK_S = 10.0, 60.0, 0.2
LOOPBACK = Path(__file__).with_name('loopback.xml')
END_ORDER = ('agent', 'simulated_robot', 'replay_bridge', 'learner')


class Soak:
    """One soak: its parts, and what failed."""

    def __init__(self, options: argparse.Namespace, folder: Path, environment: dict[str, str]):
        """Start the fleet."""
        self._options, self._folder = options, folder
        self._start_s = time.monotonic()
        self.failed: list[str] = []
        robots = [f'robot_{number + 1}' for number in range(options.robots)]
        self._port = free_port()
        self._faults = schedule(options.seed, 3600.0 * options.hours, robots)
        self._hearing = Hearing(robots, self._start_s)
        specs = node_specs(folder, self._port, robots, options.seed)
        self._fleet = Fleet(specs, folder, environment, self.fail)
        self._watch = Watch(self._fleet, folder, self._start_s)
        self._liveness = Liveness(self._fleet, self._hearing, self.fail)

    def fail(self, what: str) -> None:
        """Note a failed check."""
        at_min = (time.monotonic() - self._start_s) / 60
        self.failed.append(f'{at_min:.1f} min: {what}')
        print(f'FAILED at {self.failed[-1]}', flush=True)

    def run(self, stop: SignalSafeEvent) -> dict[str, Any]:
        """Run to the end or to a signal; return the figures."""
        try:
            self._disturb(stop)
            print('no more faults: robots finish, everything drains', flush=True)
            inserted = Drain(self._fleet, self._hearing, self.fail, on_signals()).run(self._port)
            lag = self._final_lag()
        finally:
            self._fleet.end(END_ORDER)
        self._hearing.close()
        stored, faults = experience_faults(self._folder, self._hearing, inserted)
        faults += leftover_faults(self._folder, self._watch)
        faults += training_faults(self._hearing.learner)
        found = growths(self._watch.samples)
        for what in [*faults, *(item.fault for item in found if item.fault)]:
            self.fail(what)
        figures = self._figures()
        figures.update(
            transitions=stored.transitions,
            sessions=len(stored.ranges),
            steps_heard=sum(map(len, self._hearing.steps().values())),
            inserted=inserted,
            lag_at_the_end=lag,
            growth=slopes(found),
            failed=self.failed,
        )
        write_files(self._folder, figures, self._watch.samples, self._watch.files)
        return figures

    def _disturb(self, stop: SignalSafeEvent) -> None:
        """Let the faults happen, watch, and print a line every minute."""
        end_s = self._start_s + 3600.0 * self._options.hours
        sample_s, line_s = self._start_s, self._start_s + LINE_PERIOD_S
        while (now_s := time.monotonic()) < end_s and not stop.wait(TICK_S):
            while self._faults and now_s - self._start_s >= self._faults[0].at_s:
                self._fleet.begin(self._faults.pop(0))
            self._fleet.tick(self._hearing.heard_s)
            if now_s >= sample_s:
                sample_s += SAMPLE_PERIOD_S
                self._watch.sample()
                self._liveness.check()
            if now_s >= line_s:
                line_s += LINE_PERIOD_S
                self._print_line(now_s)
                write_samples(self._folder, self._watch.samples, self._watch.files)

    def _print_line(self, now_s: float) -> None:
        """Print where the soak stands."""
        hearing, files = self._hearing, self._watch.files[-1]
        newest = hearing.learner[-1] if hearing.learner else None
        versions = [status.policy_version for _, status in hearing.agents.values()]
        memory = ' '.join(f'{name} {self._watch.level_mb(name):.0f}' for name in END_ORDER)
        print(
            f'{(now_s - self._start_s) / 60:.0f} min: {sum(self._fleet.done.values())} faults,'
            f' {hearing.bridge.transitions_journaled} transitions,'
            f' {newest.updates if newest else 0} updates,'
            f' policy {newest.version if newest else 0}'
            f' (robots {min(versions, default=0)} to {max(versions, default=0)}),'
            f' MB: {memory} shm {files.shared_mb:.0f} ({files.orphans} orphans),'
            f' {files.cpu_cores:.2f} cores, {len(self.failed)} failed',
            flush=True,
        )

    def _final_lag(self) -> int:
        """Return how many versions the slowest robot is behind."""
        versions = [int(status.policy_version) for _, status in self._hearing.agents.values()]
        newest = self._hearing.learner[-1].version if self._hearing.learner else 0
        return newest - min(versions, default=0)

    def _figures(self) -> dict[str, Any]:
        """Return what was counted while it ran."""
        hearing, liveness = self._hearing, self._liveness
        return {
            'seed': self._options.seed,
            'robots': self._options.robots,
            'hours': round((time.monotonic() - self._start_s) / 3600.0, 3),
            'faults': dict(sorted(self._fleet.done.items())),
            'faults_skipped': self._fleet.skipped,
            'agents_without_robot': self._fleet.gave_up,
            'starts': {name: item.life for name, item in self._fleet.members.items()},
            'learner_sessions': len({item.session for item in hearing.learner}),
            'updates': max((item.updates for item in hearing.learner), default=0),
            'policies': max((item.version for item in hearing.learner), default=0),
            'largest_lag': liveness.largest_lag,
            'largest_pending': liveness.largest_pending,
            'largest_backlog': liveness.largest_backlog,
            'events': hearing.total_events(),
            'bridge_refusals': hearing.refusals,
            'largest_orphans': max(item.orphans for item in self._watch.files),
            'largest_shared_mb': round(max(item.shared_mb for item in self._watch.files), 1),
            'mean_cores': round(
                sum(item.cpu_cores for item in self._watch.files) / len(self._watch.files), 2
            ),
        }


def on_signals() -> SignalSafeEvent:
    """Return an event that the next signal sets: the first ends the soak, the second its end."""
    event = SignalSafeEvent()
    set_by_signals(event, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return event


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--hours', type=float, default=1.0, help='default: %(default)s')
    parser.add_argument('--seed', type=int, default=1, help='of everything random')
    parser.add_argument('--robots', type=int, default=8, help='default: %(default)s')
    parser.add_argument('--folder', type=Path, help='new folder; default: in runs/')
    parser.add_argument(
        '--shared-memory',
        action='store_true',
        help='let Fast DDS use shared memory: a process that was paused may hear nothing any more',
    )
    options = parser.parse_args(arguments)
    if not 0.01 <= options.hours <= 1000.0:
        parser.error(f'--hours: given {options.hours:g}; accepted: 0.01 to 1000')
    if not 1 <= options.robots <= 64:
        parser.error(f'--robots: given {options.robots}; accepted: 1 to 64')
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a soak; exit with 0 if everything held, else with 1."""
    options = parse(arguments)
    now = datetime.datetime.now().strftime('%Y%m%d-%H%M%S')
    folder = (options.folder or TOP / 'runs' / f'soak-{options.seed}-{now}').absolute()
    folder.mkdir(parents=True)
    print(f'soak: {options.robots} robots, {options.hours:g} h, in {folder}', flush=True)
    stop = on_signals()
    with claim_domain() as domain:
        environment = local_environment(domain)
        environment['ROS_LOG_DIR'] = str(folder / 'ros_logs')
        if not options.shared_memory:
            environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'SYSTEM_DEFAULT'  # as the file says
            environment['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(LOOPBACK)
        with applied(environment):
            figures = Soak(options, folder, environment).run(stop)
    _print_verdict(figures)
    sys.exit(bool(figures['failed']))


def _print_verdict(figures: dict[str, Any]) -> None:
    """Print the figures, then what failed."""
    for name, value in figures.items():
        if name not in ('growth', 'failed', 'starts'):
            print(f'{name}: {value}')
    for executable, growth in figures['growth'].items():
        if growth['lives_judged']:
            print(f'growth of {executable}: {growth}')
        else:
            print(
                f'growth of {executable}: not judged: no life lasted {LEAST_JUDGED_S / 60:g} min'
                f' after its warm-up of {WARMUP_S / 60:g} min'
            )
    for what in figures['failed']:
        print(f'FAILED at {what}')
    print(f'soak: {len(figures["failed"])} checks failed' if figures['failed'] else 'soak: passed')


if __name__ == '__main__':
    main()
