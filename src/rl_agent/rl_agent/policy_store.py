# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The newest policy that passed every check, handed over between two steps."""

from dataclasses import dataclass
import threading
import time

from rl_agent.errors import PolicyError
from rl_agent.policy import Policy, PolicyParameters
from rl_agent.spaces import Spaces


@dataclass(frozen=True)
class ReceivedPolicy:
    """A checked policy.

    Attributes:
        policy: ready to act.
        version: of its parameters.
        learner_session: the learner's start that it came from.
        received_s: when it came, on the steady clock.
    """

    policy: Policy
    version: int
    learner_session: str
    received_s: float


class PolicyStore:
    """Checks policies as they come and keeps the newest good one.

    Attributes:
        accepted: policies that passed.
        rejected: policies that did not.
    """

    def __init__(self, spaces: Spaces) -> None:
        """Accept policies for a robot with these spaces."""
        self._spaces = spaces
        self._newest: ReceivedPolicy | None = None
        self._arrived = threading.Event()
        self.accepted = 0
        self.rejected = 0

    @property
    def newest(self) -> ReceivedPolicy | None:
        """The policy to use from the next step on, or None before the first."""
        return self._newest

    def wait(self, timeout_s: float) -> bool:
        """Wait for a first policy; return whether there is one."""
        return self._arrived.wait(timeout_s)

    def offer(self, parameters: PolicyParameters) -> bool:
        """Take a policy if it is good and new; return whether it was new.

        Raises:
            PolicyError: it must not be obeyed; the one in use stays.
        """
        try:
            self._check(parameters)
            if self._is_old(parameters):
                return False
            policy = Policy(parameters)
        except PolicyError:
            self.rejected += 1
            raise
        self._newest = ReceivedPolicy(
            policy, parameters.version, parameters.learner_session, time.monotonic()
        )
        self.accepted += 1
        self._arrived.set()
        return True

    def _check(self, parameters: PolicyParameters) -> None:
        """Raise PolicyError where the policy is for another robot."""
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

    def _is_old(self, parameters: PolicyParameters) -> bool:
        """Return whether the same learner already sent this version or a later one."""
        newest = self._newest
        return (
            newest is not None
            and newest.learner_session == parameters.learner_session
            and newest.version >= parameters.version
        )
