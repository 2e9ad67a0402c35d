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

"""Advice for a person whose robot is not found."""

import pytest
from rl_agent.system.discovery_advice import discovery_advice

SERVER = {'ROS_DISCOVERY_SERVER': '10.0.0.1:11811'}


@pytest.mark.parametrize(
    ('environment', 'is_named'),
    [
        ({}, False),
        ({'ROS_DISCOVERY_SERVER': ''}, False),
        (SERVER, True),
        ({**SERVER, 'ROS_SUPER_CLIENT': 'FALSE'}, True),
        ({**SERVER, 'ROS_SUPER_CLIENT': 'true'}, False),
        ({**SERVER, 'ROS_SUPER_CLIENT': '1'}, False),
    ],
)
def test_what_a_discovery_server_needs_is_named(
    environment: dict[str, str], is_named: bool
) -> None:
    advice = discovery_advice(environment)
    assert advice.startswith('Is it switched on, and in this ROS domain?')
    assert ('ROS_SUPER_CLIENT=TRUE' in advice) == is_named
