# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The newest policy that passed every check, swapped in between two steps."""

from dataclasses import dataclass
import math
import threading
import time

from rl_agent.environment.spaces import Spaces
from rl_agent.errors import PolicyError
from rl_agent.event_log import EventLog
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy import Policy


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
        accepted: number of policies that passed.
        rejected: number of policies that did not.
        heard_s: time of the last policy of the learner in use, on the steady clock; the learner
            repeats its policy while it has no new one.
    """

    def __init__(self, spaces: Spaces, events: EventLog | None = None) -> None:
        """Accept policies for a robot with these spaces; report others to `events`."""
        self._spaces = spaces
        self._events = events or EventLog()
        self._newest: ReceivedPolicy | None = None
        self._arrived = threading.Event()
        self._past_sessions: set[str] = set()
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

    def offer(self, parameters: PolicyParameters) -> bool:
        """Accept a policy if it is good and new; return whether it was new.

        Raises:
            PolicyError: it failed a check; the policy in use stays.
        """
        kind = 'layout'
        try:
            self._check_layout(parameters)
            kind = 'session'
            self._check_session(parameters)
            if self._is_old(parameters):
                return False
            kind = 'numbers'
            policy = Policy(parameters)
        except PolicyError as error:
            self.refuse(kind, parameters.learner_session, error)
            raise
        self._accept(policy)
        return True

    def refuse(self, kind: str, learner_session: str, error: PolicyError) -> None:
        """Count a policy that failed a check; report it once for each learner session."""
        self.rejected += 1
        self._events.note(f'policy_refused/{kind}', str(error), learner_session)

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
