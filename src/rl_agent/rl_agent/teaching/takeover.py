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

"""A person takes over from the policy and gives back, without a jump of the command."""

from collections.abc import Callable
import time

import numpy as np
from rl_agent.array_types import Float32Array, Float64Array
from rl_agent.description.action_scale import ActionScale
from rl_agent.description.command import CommandDescription
from rl_agent.description.teaching.teleop import TeleopDescription
from rl_agent.teaching.hand import Hand
from rl_agent.transport.transition import Intervention


class Takeover:
    """Chooses between the action of the policy and that of a person.

    | who drives                    | action                               | chosen by |
    |-------------------------------|--------------------------------------|-----------|
    | the policy                    | as it wants                          | `NONE`    |
    | a person, for a while         | as the person wants                  | `PERSON`  |
    | a person, since a moment      | between the last one and the wanted  | `PERSON`  |
    | the policy, since a moment    | between the last one and the wanted  | `LIMIT`   |

    A handover begins at the last executed action and ends after `handover_s`. All of it still
    passes the safety filter.
    """

    def __init__(
        self,
        hand: Hand,
        teleop: TeleopDescription,
        command: CommandDescription,
        rate_hz: float,
        clock: Callable[[], float] = time.monotonic,
        listen: Callable[[], None] = lambda: None,
    ) -> None:
        """Let the policy drive.

        Args:
            hand: what is heard from the person.
            teleop: what it means.
            command: of the robot.
            rate_hz: control rate.
            clock: the steady clock, on which the messages were received.
            listen: called before each look at the hand, to hear what was sent.
        """
        self.hand, self._clock, self._listen = hand, clock, listen
        self._mode, self._scale = teleop.mode, ActionScale(command.low, command.high)
        low, high = np.array(command.low), np.array(command.high)
        rest = command.default or [
            (bottom + top) / 2 if is_position else min(max(0.0, bottom), top)
            for bottom, top, is_position in zip(low, high, command.is_position, strict=True)
        ]
        self._rest = self._scale.action(np.array(rest, np.float64)).astype(np.float64)
        self._is_position = np.array(command.is_position)
        self._has_axis = np.array(
            [not teleop.axes or name in teleop.axes for name in command.names]
        )
        # of the numbers without an axis, those that keep their last command; None: all have one
        self._stays = None if self._has_axis.all() else self._is_position
        self._ones = np.ones(len(low))
        self._per_step = 2.0 * teleop.speed / rate_hz  # the box is 2 wide
        self._lead = max(self._per_step, 2.0 * teleop.speed * teleop.handover_s)
        self._handover_steps = round(teleop.handover_s * rate_hz)
        self._drives = False
        self._steps_left = 0  # of a handover
        self._anchor = self._target = self._rest

    @property
    def person_drives(self) -> bool:
        """Whether a person drives now."""
        self._listen()
        return self.hand.numbers(self._clock()) is not None

    @property
    def state(self) -> str:
        """What the hand does, one of the words of `hand_state`."""
        return self.hand.state(self._clock())

    def begin(self) -> None:
        """Begin an episode, in which nobody has driven yet."""
        self._drives, self._steps_left = False, 0

    def choose(
        self, wanted: Float32Array, last: Callable[[], Float32Array]
    ) -> tuple[Float32Array, Intervention]:
        """Return the action of this step, (action,), and who chose it.

        Args:
            wanted: by the policy, (action,).
            last: returns the last executed action, (action,); before the first, the one where the
                episode begins.
        """
        self._listen()
        numbers = self.hand.numbers(self._clock())
        drives = numbers is not None
        if drives is not self._drives:
            self._drives = drives
            self._anchor = self._target = last().astype(np.float64)
            self._steps_left = self._handover_steps
        if numbers is not None:
            self._target = self._person_target(numbers, last)
            return self._blend(self._target), Intervention.PERSON
        if self._steps_left:
            return self._blend(wanted.astype(np.float64)), Intervention.LIMIT
        return wanted, Intervention.NONE

    def hold(self, last: Float32Array) -> Float32Array:
        """Return the action that keeps a robot where it is, (action,), if nobody drives.

        Args:
            last: the last executed action, (action,).
        """
        return np.where(self._is_position, last, self._rest).astype(np.float32)

    def _person_target(
        self, numbers: Float64Array, last: Callable[[], Float32Array]
    ) -> Float64Array:
        """Return the action that the person wants, (action,)."""
        if self._mode == 'command':
            target = self._scale.action(numbers).astype(np.float64)
        else:
            numbers = _within(numbers, -self._ones, self._ones)
            if self._mode == 'relative':
                # not far ahead of what a slew limit lets through, so that it stops when asked to
                executed = last()
                target = self._target + self._per_step * numbers
                target = _within(target, executed - self._lead, executed + self._lead)
                target = _within(target, -self._ones, self._ones)
            else:
                span = np.where(numbers < 0, self._rest + self._ones, self._ones - self._rest)
                target = self._rest + span * numbers
        if self._stays is None:
            return target
        return np.where(self._has_axis, target, np.where(self._stays, self._target, self._rest))

    def _blend(self, target: Float64Array) -> Float32Array:
        """Return an action on the way from the last action before a handover to the target."""
        if not self._steps_left:
            return target.astype(np.float32)
        share = 1.0 - self._steps_left / (self._handover_steps + 1)
        self._steps_left -= 1
        return (self._anchor + share * (target - self._anchor)).astype(np.float32)


def _within(values: Float64Array, low: Float64Array, high: Float64Array) -> Float64Array:
    """Return values, clipped; `np.clip` takes four times as long for a dozen numbers."""
    return np.minimum(np.maximum(values, low), high)
