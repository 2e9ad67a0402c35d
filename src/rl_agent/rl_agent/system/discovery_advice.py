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

"""What to check when no robot is found."""

from collections.abc import Mapping


def discovery_advice(environment: Mapping[str, str]) -> str:
    """Return questions and advice for a person whose robot is not found.

    Args:
        environment: of this process.
    """
    advice = 'Is it switched on, and in this ROS domain?'
    is_super_client = environment.get('ROS_SUPER_CLIENT', '').upper() in {'TRUE', '1'}
    if environment.get('ROS_DISCOVERY_SERVER') and not is_super_client:
        advice += (
            ' With ROS_DISCOVERY_SERVER, a program finds the topics of others only with'
            ' ROS_SUPER_CLIENT=TRUE.'
        )
    return advice
