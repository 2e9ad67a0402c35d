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

"""Which signed policies a robot obeys: of a trusted key, not stale, none from before.

What was signed once stays signed, so a policy that somebody recorded and sends again must be
recognised by its version and time.
"""

from collections.abc import Callable
from pathlib import Path
import time
from typing import Protocol

from rl_agent.errors import PolicyError
from rl_agent.security.policy_signature import TrustedKeys

_NANOSECONDS = 1_000_000_000


class SignedPolicy(Protocol):
    """What a signed policy says of itself; fields as in rl_msgs/msg/Policy."""

    @property
    def version(self) -> int:
        """Version of the policy."""

    @property
    def run(self) -> str:
        """Run of the learner that signed it."""

    @property
    def signed_ns(self) -> int:
        """When it was signed, ns since 1970."""


class PolicyAuthority:
    """Refuses policies of others, stale ones, and those from before the one in use.

    It remembers the policy in use only as long as it lives: after a restart of the robot the age
    alone tells an old policy from a new one.
    """

    def __init__(
        self,
        keys: TrustedKeys,
        max_age_s: float = 0.0,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Obey policies that one of the keys has signed.

        Args:
            keys: that are trusted.
            max_age_s: since a policy was signed, s; 0: any age.
            now_ns: clock of this machine, ns since 1970.
        """
        self._keys, self._max_age_s, self._now_ns = keys, max_age_s, now_ns
        self._run, self._version, self._signed_ns = '', -1, -1

    @classmethod
    def load(cls, path: str, max_age_s: float) -> 'PolicyAuthority | None':
        """Return the authority of a file of trusted keys; None: no file is named.

        Raises:
            ConfigurationError: the file cannot be used.
        """
        return cls(TrustedKeys.load(Path(path).expanduser()), max_age_s) if path else None

    def check_signature(self, data: bytes | memoryview) -> None:
        """Do nothing where a trusted key has signed a serialised policy.

        Raises:
            PolicyError: none has.
        """
        self._keys.check(data)

    def is_repeated(self, policy: SignedPolicy) -> bool:
        """Return whether this very policy came before: signed at the same time or earlier."""
        return (policy.run, policy.version) == (self._run, self._version) and (
            policy.signed_ns <= self._signed_ns
        )

    def check_age(self, policy: SignedPolicy) -> None:
        """Do nothing where a policy was signed lately.

        Raises:
            PolicyError: long ago, or in the future.
        """
        age_s = (self._now_ns() - policy.signed_ns) / _NANOSECONDS
        if self._max_age_s and abs(age_s) > self._max_age_s:
            raise PolicyError(
                f'policy {policy.version}: signed {age_s:.1f} s ago by the clock of this machine;'
                f' accepted: at most policy_max_age_s, {self._max_age_s:g} s, before or after now.'
                ' Robot and learner machine need the same time'
            )

    def check_order(self, policy: SignedPolicy) -> None:
        """Do nothing where a policy is none from before the one in use.

        Raises:
            PolicyError: a lower version of the same run, or signed earlier in another run.
        """
        if policy.run == self._run:
            if policy.version < self._version:
                raise PolicyError(
                    f'policy {policy.version}: version of a signed policy: given {policy.version};'
                    f' accepted: {self._version} or higher, as run {self._run} has had it already'
                )
        elif policy.signed_ns <= self._signed_ns:
            raise PolicyError(
                f'policy {policy.version} of run {policy.run}: signed'
                f' {(self._signed_ns - policy.signed_ns) / _NANOSECONDS:.1f} s before the policy'
                f' in use, of run {self._run}; accepted: a later one'
            )

    def remember(self, policy: SignedPolicy) -> None:
        """Accept no policy from before this one any more."""
        self._run, self._version = policy.run, policy.version
        self._signed_ns = policy.signed_ns
