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

"""Whether a person drives: the messages of a hand, its dead-man button, its deadline."""

from collections.abc import Callable
from dataclasses import dataclass
import math

from rl_agent.array_types import Float64Array
from rl_agent.event_log import EventLog
from rl_agent.teaching.hand_state import DRIVING, IDLE, REFUSED, SILENT

HAND_REFUSED, HAND_SILENT = 'hand_refused', 'hand_silent'  # events

OnButtons = Callable[[tuple[int, ...]], object]


@dataclass(frozen=True, eq=False)
class HandMessage:
    """What a good message of a hand says.

    Attributes:
        numbers: as described, with scale and dead zone, NaN where no axis is, (action,).
        buttons: indices of the buttons that are held.
        is_held: whether the dead-man button is; None: the hand has none.
    """

    numbers: Float64Array
    buttons: frozenset[int] = frozenset()
    is_held: bool | None = None


@dataclass(frozen=True, eq=False)
class _Heard:
    """The newest message, as another thread may read it.

    Attributes:
        received_s: when it was received, on the steady clock.
        numbers: of the message; None: it does not drive.
        refusal: why it is refused; empty: it is not.
    """

    received_s: float = -math.inf
    numbers: Float64Array | None = None
    refusal: str = ''


class Hand:
    """Decides whether a person drives, by what was heard from a hand.

    What counts is when a message arrives, not its stamp: drivers repeat an old stamp
    (ros-drivers/joystick_drivers#96), and a person is real in simulated time, too. A hand is
    silent if no message came for a deadline. The first message, after a silence or a refusal too,
    only tells how things are:

    - A dead-man button must be seen released before it counts, because it may be stuck.
    - Without one, the next message within the deadline makes the person drive.
    - No button counts as pressed by it.

    One thread at a time may call `hear`, `refuse` and `report_outside`; any thread the others.

    Attributes:
        label: what people call the hand: its topic.
    """

    def __init__(
        self,
        label: str,
        deadline_s: float,
        events: EventLog,
        on_buttons: OnButtons = lambda pressed: None,
    ) -> None:
        """Begin with a hand that was never heard.

        Args:
            label: see the attribute.
            deadline_s: longest time between two messages.
            events: receives the reports.
            on_buttons: called with the indices of buttons that were just pressed; it must not
                wait, because the control thread may call it.
        """
        self.label, self._deadline_s, self._events = label, deadline_s, events
        self._on_buttons = on_buttons
        self._heard = _Heard()
        self._buttons: frozenset[int] | None = None  # held; None: the next message is a first one
        self._was_released = False
        self._outside = ''  # why nothing is heard
        self._reported = ''  # refusal

    def hear(self, message: HandMessage, received_s: float) -> None:
        """Take a good message.

        Args:
            message: of the hand.
            received_s: when it was received, on the steady clock.
        """
        if received_s - self._heard.received_s > self._deadline_s:
            self._buttons = None
        is_first, before = self._buttons is None, self._buttons or frozenset()
        if is_first:
            self._was_released = False
        self._buttons = message.buttons
        drives = message.is_held if message.is_held is not None else not is_first
        self._was_released = self._was_released or not message.is_held
        refusal = ''
        if drives and not self._was_released:
            refusal = f'{self.label}: the dead-man button is held from the beginning'
            refusal += '; accepted: release it once, then hold it to drive'
        self._heard = _Heard(
            received_s, message.numbers if drives and not refusal else None, refusal
        )
        self._report(refusal)
        self._events.end(HAND_SILENT)
        pressed = message.buttons - before
        if pressed and not is_first:
            self._on_buttons(tuple(sorted(pressed)))

    def refuse(self, reason: str, received_s: float) -> None:
        """Let the policy drive because of a message that cannot be obeyed.

        Args:
            reason: what was given and what is accepted.
            received_s: when it was received, on the steady clock.
        """
        self._buttons = None
        self._heard = _Heard(received_s, None, reason)
        self._report(reason)

    def report_outside(self, reason: str) -> None:
        """Note why nothing can be heard, such as a wrong type; empty: there is no reason."""
        if reason != self._outside:
            self._outside = reason
            self._report(reason)

    def numbers(self, now_s: float) -> Float64Array | None:
        """Return the numbers of a person who drives, (action,), NaN without axis; else None.

        A hand that falls silent while it drives is reported.
        """
        heard = self._heard
        if heard.numbers is None:
            return None
        age_s = now_s - heard.received_s
        if age_s <= self._deadline_s:
            return heard.numbers
        self._events.begin(
            HAND_SILENT,
            f'{self.label}: fell silent while a person drove, {age_s:.2g} s without a message;'
            f' accepted: one every {self._deadline_s:g} s (teleop.deadline_s; for a joystick'
            ' driver, set its autorepeat_rate). The policy drives',
        )
        return None

    def state(self, now_s: float) -> str:
        """Return what the hand does, one of the words of `hand_state`."""
        heard = self._heard
        if now_s - heard.received_s > self._deadline_s:
            return f'{REFUSED}: {self._outside}' if self._outside else SILENT
        if heard.refusal:
            return f'{REFUSED}: {heard.refusal}'
        return IDLE if heard.numbers is None else DRIVING

    def _report(self, refusal: str) -> None:
        """Report the beginning or end of a refusal, or that its reason is another one."""
        if refusal != self._reported:
            self._events.end(HAND_REFUSED)
            self._reported = refusal
        if refusal:
            self._events.begin(HAND_REFUSED, refusal)
