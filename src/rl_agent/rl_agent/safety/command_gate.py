# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The only way from our process to the robot's command topic."""

from collections.abc import Callable, Sequence
import threading
import time

from rl_agent.array_checks import all_finite
from rl_agent.array_types import Command
from rl_agent.description.safety import ReactionDescription, WatchdogDescription
from rl_agent.safety.safety_state import SafetyState, Stop
from rl_agent.safety.stop_motion import StopMotion, StopPlanner
from rl_agent.safety.watchdogs import COMMAND, Watchdogs, Watched

NOT_FINITE = 'command_not_finite'


class CommandGate:
    """Lets the policy's commands through while the robot may move; sends the reaction otherwise.

    The first command of a reaction leaves on the thread that brings the stop, at once; the
    further ones leave at the control rate from a thread of the gate's own, which does not depend
    on the control thread. That thread also is the command watchdog: it notices when the control
    thread, amid an episode, does not send any more.
    """

    def __init__(
        self,
        publish: Callable[[Command], None],
        state: SafetyState,
        reactions: StopPlanner,
        rate_hz: float,
        watchdog: WatchdogDescription,
        watched: Sequence[Watched] = (),
        look: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `start` begins to watch.

        Args:
            publish: sends a command, (action,); called by one thread at a time.
            state: whether the robot may move.
            reactions: plans the stops.
            rate_hz: of the commands of a reaction.
            watchdog: of the control thread; its age is at least three periods.
            watched: what has a largest age; the control thread updates `watchdogs` at each tick,
                the gate while the robot is stopped.
            look: called before the gate does so.
        """
        self._publish, self._state, self._reactions = publish, state, reactions
        self._period_s = 1.0 / rate_hz
        self._watchdog = watchdog
        self._patience_s = max(watchdog.max_age_s, 3.0 * self._period_s)
        self._changed = threading.Condition(threading.RLock())
        self._last: Command | None = None
        self._newest: Command | None = None
        self._pose: Command | None = None
        self._sent_s = 0.0
        self._moving = False  # amid an episode: the control thread owes us commands
        self._shown: Stop | None = None
        self._motion: StopMotion | None = None
        self._motion_s = 0.0
        self._closed, self._retired = True, False
        self._thread: threading.Thread | None = None
        self._look = look
        self.watchdogs = Watchdogs(state, watched, time.monotonic)
        state.listen(self._on_change)

    @property
    def last(self) -> Command | None:
        """The last command sent, (action,), as long as the robot is where that left it."""
        return self._last

    @property
    def newest(self) -> Command | None:
        """The last command sent since `start`, (action,), wherever the robot is by now."""
        return self._newest

    @property
    def is_moving(self) -> bool:
        """Whether an episode is under way."""
        return self._moving

    def start(self) -> None:
        """Begin to watch and to react; a stop that is still in force is shown anew."""
        self._closed = self._retired = False
        self._last = self._newest = self._pose = self._shown = self._motion = None
        self._thread = threading.Thread(target=self._run, name='command_gate', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; nothing is sent any more."""
        with self._changed:
            self._closed = True
            self._moving = False
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def note_pose(self, pose: Command) -> None:
        """Note what the command sets, as measured, (action,); not where a number is none."""
        if all_finite(pose):
            self._pose = pose

    def note_moved(self, pose: Command | None) -> None:
        """Note that somebody else moved the robot: a stop begins at this pose, (action,).

        None: nobody knows where it is, so a stop commands no position.
        """
        with self._changed:
            self._last = self._pose = None
            if pose is not None:
                self.note_pose(pose)

    def send(self, command: Command) -> bool:
        """Send a command of the policy, (action,); return False where a stop is in force.

        The last line: one with a number that is none stops the robot, latched.
        """
        if not all_finite(command):
            self._stop(
                NOT_FINITE, f'given {command.tolist()}; accepted: finite numbers', latch=True
            )
        with self._changed:
            if self._closed or self._retired:
                return False
            if self._state.stop is None:
                self._put(command)
                self._sent_s = time.monotonic()
                if not self._moving:
                    self._moving = True
                    self._changed.notify_all()
                return True
            self._moving = False
        self._state.end(COMMAND)  # whoever calls this is not stuck
        return False

    def pause(self) -> None:
        """Owe no commands until the next one is sent: an episode has not begun yet."""
        with self._changed:
            self._moving = False

    def rest(self, reaction: ReactionDescription) -> None:
        """Bring the robot to a stop and fall silent, on this thread.

        A stop in force goes on as it is. What has not been commanded since `start` needs no stop
        and gets no command. Once the gate retires, that alone brings the robot to a stop.
        """
        self._ramp_down(reaction, retiring=False)

    def _ramp_down(self, reaction: ReactionDescription, *, retiring: bool) -> bool:
        """Send a stop to its end; return whether nothing else stopped the robot meanwhile."""
        with self._changed:
            self._moving = False
            motion = None
            if self._last is not None and self._state.stop is None:
                motion = self._reactions.plan(reaction, self._last, self._pose)
        begun_s = time.monotonic()
        while motion is not None:
            elapsed_s = time.monotonic() - begun_s
            with self._changed:
                superseded = self._retired and not retiring
                if self._state.stop is not None or self._closed or superseded:
                    return False
                self._put(motion.command(elapsed_s))
            if elapsed_s >= motion.ramp_s:
                break
            time.sleep(min(self._period_s, motion.ramp_s - elapsed_s))
        return True

    def retire(self, reaction: ReactionDescription) -> None:
        """Let no command through from now on; bring the robot to a stop, on this thread.

        A stop in force, or one that comes meanwhile, is carried out to its end. Then nothing more
        is sent.
        """
        with self._changed:
            self._retired = True
        rests = False
        while not rests and not self._closed:
            self._carry_out()
            rests = self._ramp_down(reaction, retiring=True) and self._is_carried_out()
        self.close()

    def _carry_out(self) -> None:
        """Wait until the stop in force, or what replaces it, is at its end."""
        while (left_s := self._left_s()) > 0.0:
            time.sleep(min(left_s, self._period_s))
        with self._changed:
            self._react()  # the gate's thread may be late, on a loaded machine

    def _is_carried_out(self) -> bool:
        """Return whether no stop came that is not at its end yet."""
        with self._changed:
            return self._state.stop is self._shown and self._left_s() <= 0.0

    def _left_s(self) -> float:
        """Return how much longer the stop in force takes."""
        with self._changed:
            if self._motion is None:
                return 0.0
            return self._motion_s + self._motion.ramp_s - time.monotonic()

    def _on_change(self) -> None:
        """Begin or end a reaction because a stop came or went."""
        with self._changed:
            self._react()
            self._changed.notify_all()

    def _react(self) -> None:
        """Send what the stop in force asks for now. The lock is held."""
        if self._closed:
            return
        stop = self._state.stop
        now_s = time.monotonic()
        if stop is not self._shown:
            self._shown, self._motion_s = stop, now_s
            self._motion = None
            if stop is not None:
                self._moving = False
                self._motion = self._reactions.plan(stop.reaction, self._last, self._pose)
        if self._motion is not None:
            self._put(self._motion.command(now_s - self._motion_s))

    def _put(self, command: Command) -> None:
        """Send a command, (action,). The lock is held."""
        self._publish(command)
        self._last = self._newest = command

    def _run(self) -> None:
        """React and watch until closed."""
        while True:
            with self._changed:
                if self._closed:
                    return
                self._react()
                stopped = self._state.stop is not None
                if stopped:
                    self._changed.wait(self._period_s)
                else:
                    self._changed.wait(self._patience_left_s() if self._moving else None)
                stuck = self._moving and self._patience_left_s() <= 0.0
            if stopped:
                self._look()
                self.watchdogs.update(moving=False)
            if stuck:
                self._stop_because_stuck()

    def _patience_left_s(self) -> float:
        """Return how much longer the control thread may be silent."""
        return self._sent_s + self._patience_s - time.monotonic()

    def _stop_because_stuck(self) -> None:
        """Stop the robot because the control thread sends nothing."""
        self._stop(COMMAND, f'no command for {self._patience_s:g} s', latch=self._watchdog.latch)

    def _stop(self, cause: str, reason: str, *, latch: bool) -> None:
        """Stop the robot because of what the control thread does."""
        self._state.begin(Stop(cause, reason, self._watchdog, latch, lambda: None))
