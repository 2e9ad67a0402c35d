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

"""Only a policy that passes every check replaces the one in use."""

from collections.abc import Callable
import dataclasses
import math
import threading
from typing import Any
import weakref

import numpy as np
from pendulum_robot import describe, make_parameters
import pytest
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import PolicyError
from rl_agent.event_log import EventLog
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy_store import PolicyStore

TIMEOUT_S = 30.0
TEXT: Any = 'text'


@pytest.fixture
def store() -> PolicyStore:
    return PolicyStore(Spaces(describe()))


def counts(store: PolicyStore) -> tuple[int, int]:
    return store.accepted, store.rejected


def spoil(name: str, number: float) -> Callable[[], PolicyParameters]:
    """Return a function that makes a policy with one bad value."""

    def make() -> PolicyParameters:
        good = make_parameters(2)
        if name != 'parameters':
            statistics = np.ones(3, np.float32)
            good = dataclasses.replace(
                good, observation_mean=statistics.copy(), observation_std=statistics.copy()
            )
        values = getattr(good, name).copy()
        values[1] = number
        return dataclasses.replace(good, **{name: values})

    return make


REFUSED: dict[str, tuple[Callable[[], PolicyParameters], str]] = {
    'fingerprint of another robot': (
        lambda: make_parameters(2, fingerprint='0123456789abcdef'),
        "policy 2: fingerprint: given '0123456789abcdef'; accepted: ",
    ),
    'no fingerprint': (lambda: make_parameters(2, fingerprint=''), "fingerprint: given ''"),
    'observation size': (
        lambda: make_parameters(2, observation_size=4),
        r'policy 2: observation and action size: given \(4, 1\); accepted: \(3, 1\)',
    ),
    'action size': (
        lambda: make_parameters(2, action_size=2),
        r'policy 2: observation and action size: given \(3, 2\); accepted: \(3, 1\)',
    ),
    'too few numbers': (
        lambda: dataclasses.replace(make_parameters(2), parameters=np.zeros(5, np.float32)),
        r'policy 2: parameters: given float32 of shape \(5,\); accepted: float32 of shape',
    ),
    'numbers of a wrong type': (
        lambda: dataclasses.replace(
            make_parameters(2), parameters=make_parameters(2).parameters.astype(np.float64)
        ),
        'policy 2: parameters: given float64',
    ),
    'NaN': (spoil('parameters', np.nan), 'parameters: given nan at index 1; accepted: finite'),
    'infinity': (spoil('parameters', -np.inf), 'parameters: given -inf at index 1'),
    'NaN in the mean': (spoil('observation_mean', np.nan), 'observation_mean: given nan'),
    'infinity in the deviation': (spoil('observation_std', np.inf), 'observation_std: given inf'),
    'deviation 0': (spoil('observation_std', 0.0), 'observation_std: given 0.0 at index 1'),
    'a deviation whose reciprocal is infinite': (
        spoil('observation_std', 1e-45),
        r'observation_std: given 1.4\d*e-45 at index 1; accepted: 1e-30 to 1e\+30',
    ),
    'sums that overflow': (spoil('parameters', 3e38), 'hidden layer 1: given sums of up to'),
    'an array that is none': (
        lambda: dataclasses.replace(make_parameters(2), parameters=TEXT),
        "policy 2: cannot be used: AttributeError: 'str' object",
    ),
    'mean without deviation': (
        lambda: dataclasses.replace(make_parameters(2), observation_mean=np.zeros(3, np.float32)),
        'policy 2: observation_std: given',
    ),
}


def test_a_new_store_has_no_policy(store: PolicyStore) -> None:
    assert store.newest is None
    assert store.wait(timeout_s=0.0) is False
    assert counts(store) == (0, 0)


def test_a_good_policy_is_accepted(store: PolicyStore) -> None:
    assert store.offer(make_parameters(7, session='a')) is True
    newest = store.newest
    assert newest is not None
    assert (newest.version, newest.learner_session) == (7, 'a')
    assert newest.policy.parameters.version == 7
    assert counts(store) == (1, 0)


@pytest.mark.parametrize('name', REFUSED)
def test_bad_policies_are_refused(store: PolicyStore, name: str) -> None:
    """The policy in use stays, even if the bad one claims to be newer."""
    make, message = REFUSED[name]
    store.offer(make_parameters(1))
    before = store.newest
    with pytest.raises(PolicyError, match=message):
        store.offer(make())
    assert store.newest is before
    assert counts(store) == (1, 1)


@pytest.mark.parametrize('name', REFUSED)
def test_a_first_policy_is_checked_too(store: PolicyStore, name: str) -> None:
    with pytest.raises(PolicyError):
        store.offer(REFUSED[name][0]())
    assert store.newest is None
    assert store.wait(timeout_s=0.0) is False


def test_a_later_version_replaces_an_earlier_one(store: PolicyStore) -> None:
    versions = []
    for version in (1, 2, 5):
        assert store.offer(make_parameters(version)) is True
        assert store.newest is not None
        versions.append(store.newest.version)
    assert versions == [1, 2, 5]


@pytest.mark.parametrize('version', [4, 5])
def test_an_old_version_is_ignored_without_a_report(store: PolicyStore, version: int) -> None:
    """A delayed or repeated message is not an error."""
    store.offer(make_parameters(5))
    before = store.newest
    assert store.offer(make_parameters(version, seed=9)) is False
    assert store.newest is before
    assert counts(store) == (1, 0)


def test_another_learner_may_start_from_version_1(store: PolicyStore) -> None:
    """A learner restarted without its checkpoint counts from 1."""
    store.offer(make_parameters(50, session='old'))
    assert store.offer(make_parameters(1, session='new')) is True
    assert store.newest is not None
    assert (store.newest.version, store.newest.learner_session) == (1, 'new')


def test_the_first_good_policy_wakes_a_waiting_thread(store: PolicyStore) -> None:
    result: list[bool] = []
    thread = threading.Thread(target=lambda: result.append(store.wait(TIMEOUT_S)))
    thread.start()
    with pytest.raises(PolicyError):
        store.offer(make_parameters(1, fingerprint='another'))
    store.offer(make_parameters(1))
    thread.join(TIMEOUT_S)
    assert result == [True]


def test_policies_of_a_replaced_learner_are_refused(store: PolicyStore) -> None:
    """Otherwise two learners on one topic would take turns."""
    store.offer(make_parameters(5, session='old'))
    store.offer(make_parameters(1, session='new'))
    with pytest.raises(PolicyError, match="learner_session: given 'old'; accepted: 'new'"):
        store.offer(make_parameters(6, session='old'))
    assert store.newest is not None
    assert store.newest.learner_session == 'new'
    assert counts(store) == (2, 1)


def test_refusals_are_reported_once_for_each_session() -> None:
    events = EventLog()
    store = PolicyStore(Spaces(describe()), events)
    for session in ('a', 'b'):
        for version in range(5):
            with pytest.raises(PolicyError):
                store.offer(make_parameters(version, session=session, fingerprint='another'))
    assert events.counts() == {'policy_refused/layout': 10}
    assert len(events.take_reports()) == 2


def test_invented_sessions_do_not_flood_the_log() -> None:
    events = EventLog()
    store = PolicyStore(Spaces(describe()), events)
    for number in range(1000):
        with pytest.raises(PolicyError):
            store.offer(make_parameters(1, session=f'invented {number}', fingerprint='another'))
    assert store.rejected == 1000
    assert events.counts() == {'policy_refused/layout': 1000}
    reports = events.take_reports()
    assert len(reports) == 101
    assert reports[-1].text.endswith('refusals of further learner sessions are only counted')


def test_a_report_names_sender_and_session() -> None:
    events = EventLog()
    store = PolicyStore(Spaces(describe()), events)
    with pytest.raises(PolicyError):
        store.offer(make_parameters(3, session='s', fingerprint='x'), lambda: '; publishers: /a')
    (report,) = events.take_reports()
    assert report.text.startswith("policy_refused/layout: policy 3: fingerprint: given 'x'; acc")
    assert report.text.endswith("; from learner session 's'; publishers: /a")


def test_a_replaced_policy_is_kept_until_it_is_freed(store: PolicyStore) -> None:
    """So the control thread never frees one."""
    store.offer(make_parameters(1))
    assert store.newest is not None
    replaced = weakref.ref(store.newest.policy)
    store.offer(make_parameters(2))
    assert replaced() is not None
    store.free_retired()
    assert replaced() is None


def test_versions_that_go_backwards_are_counted() -> None:
    events = EventLog()
    store = PolicyStore(Spaces(describe()), events)
    for version in (5, 4, 3, 5):
        store.offer(make_parameters(version))
    assert events.counts() == {'policy_version_backwards': 2}


def test_a_repeated_policy_shows_that_the_learner_is_alive(store: PolicyStore) -> None:
    assert store.heard_s == -math.inf
    store.offer(make_parameters(5))
    first_s = store.heard_s
    store.offer(make_parameters(4))
    assert store.heard_s == first_s
    store.offer(make_parameters(5))
    assert store.heard_s > first_s
