# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The only path from this process to the robot's command topic."""

from collections.abc import Callable, Sequence
import enum
import threading
import time

from rl_agent.array_checks import all_finite
from rl_agent.array_types import Command
from rl_agent.description.safety import ReactionDescription, WatchdogDescription
from rl_agent.safety.safety_state import SafetyState, Stop
from rl_agent.safety.stop_motion import StopMotion, StopPlanner
from rl_agent.safety.watchdogs import CONTROL_LOOP_STUCK, Watchdogs, WatchedInput

COMMAND_NOT_FINITE = 'command_not_finite'


class GateState(enum.Enum):
    """What the gate does.

    Next state by event (`-`: the state stays):

    | state    | start | send   | pause, rest | stop begins | last stop ends | retire   | close  |
    |----------|-------|--------|-------------|-------------|----------------|----------|--------|
    | CLOSED   | IDLE  | -      | -           | -           | -              | -        | -      |
    | IDLE     |       | MOVING | -           | STOPPED     | -              | RETIRING | CLOSED |
    | MOVING   |       | -      | IDLE        | STOPPED     | -              | RETIRING | CLOSED |
    | STOPPED  |       | -      | -           | STOPPED     | IDLE           | RETIRING | CLOSED |
    | RETIRING |       | -      | -           | -           | -              | -        | CLOSED |

    A stop that begins in STOPPED may replace the reaction in progress. `send` checks the
    `SafetyState` itself: during a stop it sends nothing and leaves MOVING for IDLE; after the last
    stop it may enter MOVING before the gate has left STOPPED.
    """

    CLOSED = 'nothing is sent'
    IDLE = 'no command is due'
    MOVING = 'an episode is running: the control thread must keep sending commands'
    STOPPED = 'a stop is in force: its reaction is sent'
    RETIRING = 'stopping for good: only the final stop and the reactions to other stops are sent'


# looked up once: in the class it takes 0.2 us, which the control thread would pay at each step
_CLOSED, _IDLE, _MOVING, _STOPPED, _RETIRING = GateState


class CommandGate:
    """Sends the policy's commands while the robot may move, and the stop reaction otherwise.

    The first command of a reaction is sent at once, on the thread that begins the stop. The gate's
    own thread sends the others at the control rate, independently of the control thread. It is
    also the command watchdog: it stops the robot when the control thread sends nothing during an
    episode. The states are those of `GateState`; transitions happen with the lock held.
    """

    def __init__(
        self,
        publish: Callable[[Command], None],
        safety: SafetyState,
        planner: StopPlanner,
        rate_hz: float,
        watchdog: WatchdogDescription,
        watched: Sequence[WatchedInput] = (),
        poll_sensors: Callable[[], None] = lambda: None,
    ) -> None:
        """Create a closed gate; `start` opens it.

        Args:
            publish: sends a command, (action,); called by one thread at a time.
            safety: whether the robot may move.
            planner: plans the stops.
            rate_hz: rate of the commands of a reaction.
            watchdog: of the control thread; a largest age below three periods is raised to them.
            watched: what has a largest age. The control thread updates `watchdogs` at each tick,
                the gate does so while the robot is stopped.
            poll_sensors: called by the gate before it updates `watchdogs`.
        """
        self._publish, self._safety, self._planner = publish, safety, planner
        self._period_s = 1.0 / rate_hz
        self._watchdog = watchdog
        self._max_silence_s = max(watchdog.max_age_s, 3.0 * self._period_s)
        self._changed = threading.Condition(threading.RLock())
        self._state = _CLOSED
        self._command_in_effect: Command | None = None
        self._last_sent: Command | None = None
        self._pose: Command | None = None
        self._sent_s = 0.0
        self._reacting_to: Stop | None = None
        self._reaction: StopMotion | None = None
        self._reaction_begun_s = 0.0
        self._thread: threading.Thread | None = None
        self._poll_sensors = poll_sensors
        self.watchdogs = Watchdogs(safety, watched, time.monotonic)
        safety.add_listener(self._on_change)

    @property
    def command_in_effect(self) -> Command | None:
        """The last command sent, (action,); None once something else has moved the robot."""
        return self._command_in_effect

    @property
    def last_sent(self) -> Command | None:
        """The last command sent since `start`, (action,), even if the robot was moved since."""
        return self._last_sent

    @property
    def state(self) -> GateState:
        """What the gate does now."""
        return self._state

    def start(self) -> None:
        """Open the gate; the reaction to a stop that is still in force begins again."""
        with self._changed:
            self._command_in_effect = self._last_sent = self._pose = None
            self._reacting_to = self._reaction = None
            self._state = _IDLE
        self._thread = threading.Thread(target=self._run, name='command_gate', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send nothing more; end the thread."""
        with self._changed:
            self._state = _CLOSED
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def update_pose(self, pose: Command) -> None:
        """Take the measured pose, (action,), in the command's units; ignored if not finite."""
        if all_finite(pose):
            self._pose = pose

    def on_external_motion(self, pose: Command | None) -> None:
        """Take note that something else moved the robot: the next stop starts at this pose.

        Args:
            pose: (action,); None: unknown, so a stop commands no position.
        """
        with self._changed:
            self._command_in_effect = self._pose = None
            if pose is not None:
                self.update_pose(pose)

    def send(self, command: Command) -> bool:
        """Send a command of the policy, (action,); return False where a stop is in force.

        A command that is not finite is not sent: it stops the robot, latched.
        """
        if not all_finite(command):
            self._stop(
                COMMAND_NOT_FINITE,
                f'given {command.tolist()}; accepted: finite numbers',
                latch=True,
            )
        with self._changed:
            if self._state is _CLOSED or self._state is _RETIRING:
                return False
            if self._safety.stop is None:
                self._publish_command(command)
                self._sent_s = time.monotonic()
                if self._state is not _MOVING:
                    self._state = _MOVING
                    self._changed.notify_all()
                return True
            self._stop_moving()
        self._safety.end(CONTROL_LOOP_STUCK)  # a control thread that gets here is not stuck
        return False

    def pause(self) -> None:
        """Expect no commands until the next `send`: the episode has not begun yet."""
        with self._changed:
            self._stop_moving()

    def rest(self, reaction: ReactionDescription) -> None:
        """Bring the robot to a stop on the calling thread, then send nothing.

        Sends nothing while a stop is in force, which continues, and nothing to a robot that was
        not commanded since `start`. Returns early when the gate retires.
        """
        self._ramp_down(reaction, retiring=False)

    def retire(self, reaction: ReactionDescription) -> None:
        """Bring the robot to a stop on the calling thread, send nothing more from the policy.

        A stop that is in force, or begins meanwhile, is carried out to its end. Then the gate
        closes.
        """
        with self._changed:
            if self._state is not _CLOSED:
                self._state = _RETIRING
        at_rest = False
        while not at_rest and self._state is not _CLOSED:
            self._finish_reaction()
            at_rest = self._ramp_down(reaction, retiring=True) and self._is_reaction_finished()
        self.close()

    def _stop_moving(self) -> None:
        """End the episode: no command is due. The lock is held."""
        if self._state is _MOVING:
            self._state = _IDLE

    def _ramp_down(self, reaction: ReactionDescription, *, retiring: bool) -> bool:
        """Send a stop to its end; return False if something else stopped the robot meanwhile."""
        with self._changed:
            self._stop_moving()
            motion = None
            if self._command_in_effect is not None and self._safety.stop is None:
                motion = self._planner.plan(reaction, self._command_in_effect, self._pose)
        begun_s = time.monotonic()
        while motion is not None:
            elapsed_s = time.monotonic() - begun_s
            with self._changed:
                ended = self._state is _CLOSED or (self._state is _RETIRING and not retiring)
                if ended or self._safety.stop is not None:
                    return False
                self._publish_command(motion.command(elapsed_s))
            if elapsed_s >= motion.ramp_s:
                break
            time.sleep(min(self._period_s, motion.ramp_s - elapsed_s))
        return True

    def _finish_reaction(self) -> None:
        """Wait until the reaction in progress, or one that replaces it, has ended."""
        while (left_s := self._reaction_left_s()) > 0.0:
            time.sleep(min(left_s, self._period_s))
        with self._changed:
            self._react()  # on a loaded machine the gate's thread may be late

    def _is_reaction_finished(self) -> bool:
        """Return whether the reaction to the stop in force, if there is one, has ended."""
        with self._changed:
            return self._safety.stop is self._reacting_to and self._reaction_left_s() <= 0.0

    def _reaction_left_s(self) -> float:
        """Return how much longer the reaction in progress takes."""
        with self._changed:
            if self._reaction is None:
                return 0.0
            return self._reaction_begun_s + self._reaction.ramp_s - time.monotonic()

    def _on_change(self) -> None:
        """Begin or end a reaction because a stop began or ended."""
        with self._changed:
            self._react()
            self._changed.notify_all()

    def _react(self) -> None:
        """Send the command that the stop in force requires now. The lock is held."""
        if self._state is _CLOSED:
            return
        stop = self._safety.stop
        now_s = time.monotonic()
        if stop is not self._reacting_to:
            self._reacting_to, self._reaction_begun_s = stop, now_s
            self._reaction = None
            if stop is not None:
                self._reaction = self._planner.plan(
                    stop.reaction, self._command_in_effect, self._pose
                )
            if stop is not None and self._state is not _RETIRING:
                self._state = _STOPPED
            elif stop is None and self._state is _STOPPED:
                self._state = _IDLE
        if self._reaction is not None:
            self._publish_command(self._reaction.command(now_s - self._reaction_begun_s))

    def _publish_command(self, command: Command) -> None:
        """Publish a command, (action,). The lock is held."""
        self._publish(command)
        self._command_in_effect = self._last_sent = command

    def _run(self) -> None:
        """React to stops and watch the control thread until closed."""
        while True:
            with self._changed:
                if self._state is _CLOSED:
                    return
                self._react()
                stopped = self._safety.stop is not None
                patience_s = self._silence_left_s() if self._state is _MOVING else None
                self._changed.wait(self._period_s if stopped else patience_s)
                stuck = self._state is _MOVING and self._silence_left_s() <= 0.0
            if stopped:
                self._poll_sensors()
                self.watchdogs.update(moving=False)
            if stuck:
                reason = f'no command for {self._max_silence_s:g} s'
                self._stop(CONTROL_LOOP_STUCK, reason, latch=self._watchdog.latch)

    def _silence_left_s(self) -> float:
        """Return how much longer the control thread may send nothing."""
        return self._sent_s + self._max_silence_s - time.monotonic()

    def _stop(self, cause: str, reason: str, *, latch: bool) -> None:
        """Stop the robot because of what the control thread does."""
        self._safety.begin(Stop(cause, reason, self._watchdog, latch, lambda: None))
