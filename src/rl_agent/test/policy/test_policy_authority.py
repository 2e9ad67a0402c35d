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

"""Which signed policies count: versions within a run, times between runs, ages."""

from dataclasses import dataclass
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
import pytest
from rl_agent.errors import PolicyError
from rl_agent.policy.policy_authority import PolicyAuthority
from rl_agent.security.policy_signature import TrustedKeys

SECOND = 1_000_000_000
NOW_S = 1_000


@dataclass
class Signed:
    """A policy as far as its order goes."""

    version: int
    run: str = 'one'
    signed_s: float = NOW_S

    @property
    def signed_ns(self) -> int:
        return round(self.signed_s * SECOND)


def make_authority(max_age_s: float = 0.0) -> PolicyAuthority:
    keys = TrustedKeys([Ed25519PrivateKey.generate().public_key()])
    return PolicyAuthority(keys, max_age_s, lambda: NOW_S * SECOND)


@pytest.mark.parametrize(
    ('policy', 'words'),
    [
        (Signed(7), ''),
        (Signed(8), ''),
        (Signed(8, signed_s=NOW_S - 60), ''),  # the learner's clock was set back
        (Signed(6), 'given 6; accepted: 7 or higher, as run one'),
        (Signed(6, signed_s=NOW_S + 60), 'given 6; accepted: 7 or higher'),
        (Signed(1, 'two', NOW_S + 1), ''),
        (Signed(99, 'two', NOW_S - 60), 'run two: signed 60.0 s before the policy in use'),
        (Signed(2**63, 'two', NOW_S), 'signed 0.0 s before the policy in use, of run one'),
    ],
)
def test_after_version_7_of_a_run(policy: Signed, words: str) -> None:
    authority = make_authority()
    first = Signed(7)
    authority.check_order(first)
    authority.remember(first)
    if words:
        with pytest.raises(PolicyError, match=re.escape(words)):
            authority.check_order(policy)
    else:
        authority.check_order(policy)


def test_the_same_policy_counts_again_only_if_it_was_signed_again() -> None:
    authority = make_authority()
    assert not authority.is_repeated(Signed(7))
    authority.remember(Signed(7))
    assert authority.is_repeated(Signed(7))
    assert authority.is_repeated(Signed(7, signed_s=NOW_S - 1))
    assert not authority.is_repeated(Signed(7, signed_s=NOW_S + 2))
    assert not authority.is_repeated(Signed(8))
    assert not authority.is_repeated(Signed(7, 'two'))


def test_an_age_is_measured_in_both_directions() -> None:
    authority = make_authority(max_age_s=10.0)
    for signed_s in (NOW_S - 10, NOW_S, NOW_S + 10):
        authority.check_age(Signed(1, signed_s=signed_s))
    for signed_s, words in (
        (NOW_S - 11, '11.0 s'),
        (NOW_S + 11, '-11.0 s'),
        (0, '1000.0 s'),
    ):
        with pytest.raises(PolicyError, match=f'signed {words} ago by .*policy_max_age_s, 10 s'):
            authority.check_age(Signed(1, signed_s=signed_s))
    make_authority().check_age(Signed(1, signed_s=0))
