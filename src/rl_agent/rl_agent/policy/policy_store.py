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

"""The newest policy that passed every check, swapped in between two steps."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import math
import threading
import time

from rl_agent.environment.spaces import Spaces
from rl_agent.errors import PolicyError
from rl_agent.event_log import EventLog
from rl_agent.policy.output_bounds import check_outputs
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_trial import try_policy

_MAX_REPORTS = 100  # of refused policies; a sender can invent any number of learner sessions
_MAX_REASON = 200  # characters


@dataclass(frozen=True)
class ReceivedPolicy:
    """A checked policy.

    Attributes:
        policy: ready to act.
        version: version of its parameters.
        learner_session: session of the learner that sent it.
        received_s: time it arrived, on the steady clock.
    """

    policy: Policy
    version: int
    learner_session: str
    received_s: float


class PolicyStore:
    """Checks policies as they arrive and keeps the newest good one.

    Within a learner session only later versions are accepted. A new session means that the learner
    was restarted; policies of the previous session are then refused.

    Attributes:
        pause: called between two parts of a check, which takes a millisecond or more; it may wait.
        accepted: number of policies that passed.
        rejected: number of policies that did not.
        heard_s: time of the last policy of the learner in use, on the steady clock; the learner
            repeats its policy while it has no new one.
    """

    def __init__(
        self,
        spaces: Spaces,
        events: EventLog | None = None,
        longest_action_s: float = math.inf,
        longest_hold: int = 1,
    ) -> None:
        """Begin without a policy.

        Args:
            spaces: of the robot; policies for another one are refused.
            events: receives reports of refused policies.
            longest_action_s: longest time that a policy may take for one action on this machine.
            longest_hold: of the noise, see `Policy`.
        """
        self.pause: Callable[[], None] = lambda: None
        self._spaces, self._longest_action_s = spaces, longest_action_s
        self._longest_hold = longest_hold
        self._events = events or EventLog()
        self._newest: ReceivedPolicy | None = None
        self._arrived = threading.Event()
        self._past_sessions: set[str] = set()
        self._reported: set[tuple[str, str]] = set()
        self._retired: deque[ReceivedPolicy] = deque()
        self.accepted = 0
        self.rejected = 0
        self.heard_s = -math.inf

    @property
    def newest(self) -> ReceivedPolicy | None:
        """The policy to use from the next step on, or None before the first."""
        return self._newest

    def wait(self, timeout_s: float) -> bool:
        """Wait for a first policy; return whether there is one."""
        return self._arrived.wait(timeout_s)

    def offer(
        self, parameters: PolicyParameters, name_senders: Callable[[], str] = lambda: ''
    ) -> bool:
        """Accept a policy if it is good and new; return whether it was new.

        It is checked, built and tried here, so call this on another thread than control.

        Args:
            parameters: of the policy.
            name_senders: returns who may have sent it, for a report.

        Raises:
            PolicyError: it failed a check, in whatever way; the policy in use stays.
        """
        self.free_retired()
        kind = 'layout'
        try:
            self._check_layout(parameters)
            kind = 'session'
            self._check_session(parameters)
            if self._is_old(parameters):
                return False
            kind = 'numbers'
            low, high = self._spaces.observation_low, self._spaces.observation_high
            self.pause()
            policy = Policy(parameters, self._longest_hold)
            self.pause()
            check_outputs(parameters, low, high)
            kind = 'trial'
            try_policy(policy, low, high, self._longest_action_s, pause=self.pause)
        except Exception as error:  # nothing that anyone sends may end the process
            refusal = policy_error(error, f'policy {parameters.version}')
            self.refuse(kind, parameters.learner_session, refusal, name_senders)
            raise refusal from error
        self._accept(policy)
        return True

    def refuse(
        self,
        kind: str,
        learner_session: str,
        error: PolicyError,
        name_senders: Callable[[], str] = lambda: '',
    ) -> None:
        """Count a policy that failed a check; report it once for each learner session."""
        self.rejected += 1
        source, text = (kind, learner_session), ''
        if source not in self._reported:
            if len(self._reported) < _MAX_REPORTS:
                self._reported.add(source)
                session = f'; from learner session {learner_session!r}' if learner_session else ''
                text = f'{error}{session}{name_senders()}'
            else:
                source = (kind, '')
                text = f'{error}; refusals of further learner sessions are only counted'
        self._events.note(f'policy_refused/{kind}', text, source[1])

    def retire(self, policy: ReceivedPolicy) -> None:
        """Keep a policy that the control thread used until `free_retired`; never wait.

        Freeing a large one takes time that the control thread does not have.
        """
        self._retired.append(policy)

    def free_retired(self) -> None:
        """Free the policies that are no longer used; call it on another thread than control."""
        self._retired.clear()

    def _accept(self, policy: Policy) -> None:
        """Make a policy the newest one."""
        parameters, before = policy.parameters, self._newest
        if before is not None and before.learner_session != parameters.learner_session:
            self._past_sessions.add(before.learner_session)
            self._events.info(
                f'another learner session: version {parameters.version} of'
                f' {parameters.learner_session} follows version {before.version} of'
                f' {before.learner_session}'
            )
        if before is not None:
            self.retire(before)  # the control thread may be using it
        self.heard_s = time.monotonic()
        self._newest = ReceivedPolicy(
            policy, parameters.version, parameters.learner_session, self.heard_s
        )
        self.accepted += 1
        self._arrived.set()

    def _check_layout(self, parameters: PolicyParameters) -> None:
        """Raise PolicyError if the policy is for another kind of robot."""
        if parameters.fingerprint != self._spaces.fingerprint:
            raise PolicyError(
                f'policy {parameters.version}: fingerprint: given {parameters.fingerprint!r};'
                f' accepted: {self._spaces.fingerprint!r}, that of this robot'
            )
        given = (parameters.architecture.observation_size, parameters.architecture.action_size)
        accepted = (self._spaces.observation_size, self._spaces.action_size)
        if given != accepted:
            raise PolicyError(
                f'policy {parameters.version}: observation and action size: given {given};'
                f' accepted: {accepted}'
            )
        encoder = parameters.architecture.encoder
        images = encoder.images if encoder else ()
        seen = tuple(image.shape for image in self._spaces.images)
        if images != seen:
            raise PolicyError(
                f'policy {parameters.version}: images: given {images}; accepted: {seen}, those of'
                ' this robot'
            )

    def _check_session(self, parameters: PolicyParameters) -> None:
        """Raise PolicyError if the policy comes from a learner that was replaced."""
        if parameters.learner_session in self._past_sessions and self._newest is not None:
            raise PolicyError(
                f'policy {parameters.version}: learner_session: given'
                f' {parameters.learner_session!r}; accepted: {self._newest.learner_session!r},'
                ' which came later, or a new session'
            )

    def _is_old(self, parameters: PolicyParameters) -> bool:
        """Return whether the same learner already sent this version or a later one."""
        newest = self._newest
        if newest is None or newest.learner_session != parameters.learner_session:
            return False
        if parameters.version < newest.version:
            self._events.note(
                'policy_version_backwards',
                f'given {parameters.version} after {newest.version} of the same learner session',
                parameters.learner_session,
            )
        elif parameters.version == newest.version:
            self.heard_s = time.monotonic()
        return parameters.version <= newest.version


def policy_error(error: Exception, what: str) -> PolicyError:
    """Return any error as a refusal of one line; a `PolicyError` as it is.

    Args:
        error: raised by a check.
        what: was checked.
    """
    if isinstance(error, PolicyError):
        return error
    reason = ' '.join(f'{type(error).__name__}: {error}'.split())[:_MAX_REASON]
    return PolicyError(f'{what}: cannot be used: {reason}; accepted: an rl_msgs/msg/Policy')
