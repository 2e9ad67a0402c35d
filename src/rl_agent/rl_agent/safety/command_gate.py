# Copyright 2026 The rl_agent authors
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

"""The only path from this process to the robot's command topic."""

from collections.abc import Callable, Sequence
import threading
import time

from rl_agent.array_checks import all_finite
from rl_agent.array_types import BooleanArray, Command
from rl_agent.description.safety import ReactionDescription, WatchdogDescription
from rl_agent.safety.command_bounds import CommandBounds
from rl_agent.safety.command_door import CommandDoor
from rl_agent.safety.gate_state import GateState
from rl_agent.safety.measured_pose import MeasuredPose
from rl_agent.safety.safety_state import SafetyState, Stop
from rl_agent.safety.stop_motion import StopInProgress, StopPlanner
from rl_agent.safety.watchdogs import CONTROL_LOOP_STUCK, Watchdogs, WatchedInput

COMMAND_NOT_FINITE = 'command_not_finite'


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
        bounds: CommandBounds,
        watchdog: WatchdogDescription,
        watched: Sequence[WatchedInput] = (),
        poll_sensors: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Create a closed gate; `start` opens it.

        Args:
            publish: sends a command, (action,); called by one thread at a time.
            safety: whether the robot may move.
            bounds: of commands and poses; also the rate of the commands of a reaction.
            watchdog: of the control thread; a largest age below three periods is raised to them.
            watched: what has a largest age. The control thread updates `watchdogs` at each tick,
                the gate does so while the robot is stopped.
            poll_sensors: called by the gate before it updates `watchdogs`.
            clock: the steady clock, s.
            sleep: waits for so long, s.
        """
        self._publish, self._safety = publish, safety
        self._planner = StopPlanner(bounds)
        self._period_s, self._clock, self._sleep = bounds.period_s, clock, sleep
        self._watchdog = watchdog
        self._max_silence_s = max(watchdog.max_age_s, 3.0 * self._period_s)
        self._changed = threading.Condition(threading.RLock())
        self._state = _CLOSED
        self._door, self._pose = CommandDoor(bounds), MeasuredPose(bounds)
        self._sent_s = 0.0
        self._reacting_to: Stop | None = None
        self._reaction: StopInProgress | None = None
        self._thread: threading.Thread | None = None
        self._poll_sensors = poll_sensors
        self.watchdogs = Watchdogs(safety, watched, clock)
        safety.add_listener(self._on_change)

    @property
    def command_in_effect(self) -> Command | None:
        """The last command sent, (action,); None once something else has moved the robot."""
        return self._door.in_effect

    @property
    def state(self) -> GateState:
        """What the gate does now."""
        return self._state

    def open(self) -> None:
        """Let commands pass, without the thread that `start` adds."""
        with self._changed:
            self._door.start()
            self._pose.forget()
            self._reacting_to = self._reaction = None
            self._state = _IDLE

    def start(self) -> None:
        """Open the gate; the reaction to a stop that is still in force begins again."""
        self.open()
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

    def update_pose(self, pose: Command, measured_s: float) -> None:
        """Take the measured pose, (action,), in the command's units, see `MeasuredPose`.

        Args:
            pose: (action,).
            measured_s: when it was received, on the steady clock.
        """
        self._pose.update(pose, measured_s)

    def forget_pose(self) -> None:
        """Believe the next measured pose even if it is far from the last one."""
        self._pose.forget()

    def on_external_motion(self) -> None:
        """Take note that something else moves the robot: the next command starts at its pose.

        No effect while the reaction to a stop is sent: the gate has the robot, and goes on.
        """
        with self._changed:
            if self._reaction is None:
                self._door.forget()
                self._pose.forget()

    def begin(self) -> Command:
        """Return where the next command starts, (action,), see `CommandDoor.begin`."""
        with self._changed:
            return self._door.begin(self._pose.at(self._clock()))

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
                self._sent_s = self._clock()
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
            if self._door.in_effect is not None and self._safety.stop is None:
                motion = self._plan(reaction)
        while motion is not None:
            with self._changed:
                ended = self._state is _CLOSED or (self._state is _RETIRING and not retiring)
                if ended or self._safety.stop is not None:
                    return False
                left_s = self._continue(motion)
            if left_s <= 0.0:
                break
            self._sleep(left_s)
        return True

    def _finish_reaction(self) -> None:
        """Wait until the reaction in progress, or one that replaces it, has ended."""
        left_s = 1.0
        while left_s > 0.0 and self._state is not _CLOSED:
            with self._changed:
                self._react()  # on a loaded machine the gate's thread may be late
                left_s = self._reaction_left_s()
            self._sleep(max(left_s, 0.0))

    def _is_reaction_finished(self) -> bool:
        """Return whether the reaction to the stop in force, if there is one, has ended."""
        with self._changed:
            return self._safety.stop is self._reacting_to and self._reaction_left_s() <= 0.0

    def _reaction_left_s(self) -> float:
        """Return how long to wait for the next command of the reaction; 0: it has ended."""
        with self._changed:
            return self._reaction.left_s(self._door.in_effect) if self._reaction else 0.0

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
        if stop is not self._reacting_to:
            self._reacting_to, self._reaction = stop, None
            if stop is not None:
                self._reaction = self._plan(stop.reaction)
            if stop is not None and self._state is not _RETIRING:
                self._state = _STOPPED
            elif stop is None and self._state is _STOPPED:
                self._state = _IDLE
        if self._reaction is not None:
            self._continue(self._reaction)

    def _plan(self, reaction: ReactionDescription) -> StopInProgress | None:
        """Return a stop that begins now; None: no command brings it about. The lock is held."""
        door, now_s = self._door, self._clock()
        pose = self._pose.at(now_s)
        door.begin(pose)
        speeds = (door.speed, self._pose.speed)
        if door.in_effect is not None and self._pose.speed is None:
            pose = None  # one pose alone does not tell where the robot is going
        motion = self._planner.plan(reaction, door.in_effect, pose, speeds)
        return None if motion is None else StopInProgress(motion, now_s, self._planner.bounds)

    def _continue(self, stop: StopInProgress) -> float:
        """Send a stop's command of now; return how long to wait for the next, 0: that was all."""
        self._publish_command(stop.command(self._clock()), stop.motion.at_once)
        return stop.left_s(self._door.in_effect)

    def _publish_command(self, command: Command, at_once: BooleanArray | None = None) -> None:
        """Publish a command, (action,), as the door lets it pass. The lock is held."""
        if not self._door.is_placed:
            self._door.begin(self._pose.at(self._clock()))
        command = self._door.limit(command, at_once=at_once)
        self._publish(command)
        self._door.record(command)

    def _run(self) -> None:
        """React to stops and watch the control thread until closed."""
        while self.keep_watch(self._changed.wait):
            pass

    def keep_watch(self, wait: Callable[[float | None], object]) -> bool:
        """Send what is due, wait, check the inputs; return False once closed.

        Args:
            wait: waits for so long, s; with None until something changes. The lock is held.
        """
        with self._changed:
            if self._state is _CLOSED:
                return False
            self._react()
            stopped = self._safety.stop is not None
            patience_s = self._silence_left_s() if self._state is _MOVING else None
            wait(self._period_s if stopped else patience_s)
            stuck = self._state is _MOVING and self._silence_left_s() <= 0.0
        if stopped:
            self._poll_sensors()
            self.watchdogs.update(moving=False)
        if stuck:
            reason = f'no command for {self._max_silence_s:g} s'
            self._stop(CONTROL_LOOP_STUCK, reason, latch=self._watchdog.latch)
        return True

    def _silence_left_s(self) -> float:
        """Return how much longer the control thread may send nothing."""
        return self._sent_s + self._max_silence_s - self._clock()

    def _stop(self, cause: str, reason: str, *, latch: bool) -> None:
        """Stop the robot because of what the control thread does."""
        self._safety.begin(Stop(cause, reason, self._watchdog, latch, lambda: None))
