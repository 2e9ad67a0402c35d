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

"""The shipped description that a robot with messages of its maker should begin with."""

import pytest
from rl_agent.robot_draft.shipped_robots import described_already


@pytest.mark.parametrize(
    ('heard', 'names'),
    [
        (['unitree_go/msg/LowState', 'sensor_msgs/msg/Imu'], ['go2']),
        (['px4_msgs/msg/VehicleOdometry'], ['px4']),
        (['sensor_msgs/msg/JointState', 'trajectory_msgs/msg/JointTrajectory'], []),
        (['ackermann_msgs/msg/AckermannDriveStamped', 'nav_msgs/msg/Odometry'], []),
        (['unitree_go/msg/SportModeState', 'rover_msgs/msg/Wheels'], []),
        ([], []),
    ],
)
def test_only_messages_of_a_maker_count(heard: list[str], names: list[str]) -> None:
    assert described_already(heard) == names
