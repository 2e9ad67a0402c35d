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

"""What is taken of a message: slices, quaternions, rays by angle, and nothing unknown."""

import math
from typing import Any

from geometry_msgs.msg import Pose, PoseArray
import numpy as np
import pytest
from rl_agent.description.observation import ObservationField, RaysDescription
from rl_agent.errors import RobotError
from rl_agent.message_fields.ros_field_extractor import FieldExtractor, static_mistakes
from sensor_msgs.msg import Imu, LaserScan, NavSatFix
from std_msgs.msg import Float64MultiArray

POSES, IMU, SCAN = (
    'geometry_msgs/msg/PoseArray',
    'sensor_msgs/msg/Imu',
    'sensor_msgs/msg/LaserScan',
)


def extract(kind: str, field: str, message: Any, **more: Any) -> list[float]:
    described = ObservationField('f', 't', kind, field, **more)
    numbers: list[float] = FieldExtractor(described, '/t')(message).tolist()
    return numbers


def refusal(kind: str, field: str, message: Any, **more: Any) -> str:
    with pytest.raises(RobotError) as caught:
        extract(kind, field, message, **more)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def poses(count: int) -> PoseArray:
    message = PoseArray(poses=[Pose() for _ in range(count)])
    for number, pose in enumerate(message.poses):
        pose.position.x, pose.position.y = float(number), -float(number)
    return message


def test_a_slice_takes_the_numbers_of_several_messages() -> None:
    assert extract(POSES, 'poses[1:4].position.x', poses(5)) == [1.0, 2.0, 3.0]
    assert extract(POSES, 'poses[1:3].position', poses(3), indices=(1, 4)) == [-1.0, -2.0]
    named: dict[str, Any] = {'joints': ('b', 'a')}
    assert extract(POSES, 'poses[0:2].position.y', poses(2), **named) == [0.0, -1.0]
    field = ObservationField('f', 't', POSES, 'poses[0:2].position.y', **named)
    assert field.element_names == ('f/b', 'f/a')
    assert field.measures(('a', 'b'))


def test_a_slice_of_a_short_list_is_refused() -> None:
    words = refusal(POSES, 'poses[0:3].position.x', poses(2))
    assert 'poses[0:3].position.x: list index out of range; accepted: a longer list' in words


@pytest.mark.parametrize(
    ('more', 'expected'),
    [
        ({'size': 4}, [0.1, 0.2, 0.3, 0.4]),
        ({'size': 4, 'quaternion_order': 'xyzw'}, [0.1, 0.2, 0.3, 0.4]),
        ({'size': 4, 'quaternion_order': 'wxyz'}, [0.2, 0.3, 0.4, 0.1]),
        ({'indices': (3, 2, 1, 0), 'quaternion_order': 'wxyz'}, [0.3, 0.2, 0.1, 0.4]),
    ],
)
def test_the_order_of_a_quaternion(more: dict[str, Any], expected: list[float]) -> None:
    message = Float64MultiArray(data=[0.1, 0.2, 0.3, 0.4])
    assert extract('std_msgs/msg/Float64MultiArray', 'data', message, **more) == expected


@pytest.mark.parametrize(
    ('name', 'size'), [('orientation', 4), ('angular_velocity', 3), ('linear_acceleration', 3)]
)
def test_what_an_imu_does_not_measure_is_refused(name: str, size: int) -> None:
    message = Imu()
    assert len(extract(IMU, name, message, size=size)) == size
    getattr(message, f'{name}_covariance')[0] = -1.0
    assert refusal(IMU, name, message, size=size) == (
        f"observation field 'f': /t: {name}_covariance[0] is -1: the driver does not know {name};"
        ' accepted: a driver that measures it'
    )
    others = {'orientation': 4, 'angular_velocity': 3, 'linear_acceleration': 3}
    del others[name]
    for other, count in others.items():
        assert len(extract(IMU, other, message, size=count)) == count
    assert extract(IMU, f'{name}_covariance', message, size=9)[0] == -1.0


def test_one_number_of_an_unknown_orientation_is_refused() -> None:
    message = Imu()
    message.orientation_covariance[0] = -1.0
    assert 'the driver does not know orientation' in refusal(IMU, 'orientation.w', message)


def test_a_position_without_a_fix_is_refused() -> None:
    message = NavSatFix()
    message.status.status = 0
    assert extract('sensor_msgs/msg/NavSatFix', 'latitude', message) == [0.0]
    message.status.status = -1
    words = refusal('sensor_msgs/msg/NavSatFix', 'latitude', message)
    assert 'status.status is -1: the driver does not know latitude' in words


def scan(first: float, step: float, count: int) -> LaserScan:
    """Return a scan in which each range is the angle of its ray, in degrees, 0 to 360."""
    angles = [math.degrees(first + step * ray) % 360.0 for ray in range(count)]
    message = LaserScan(angle_min=first, angle_increment=step, ranges=angles)
    message.angle_max = first + step * (count - 1)
    return message


STEP = math.radians(1.0)
SCANS = {
    'from behind': scan(-math.pi, STEP, 360),
    'from ahead': scan(0.0, STEP, 360),
    'clockwise': scan(math.pi, -STEP, 360),
    'a ray twice': scan(-math.pi, STEP, 361),
    'more than a turn': scan(-math.pi, STEP, 370),
    'a gap where the turn begins': scan(-math.pi, STEP, 358),
    'begun elsewhere': scan(1.0, STEP, 360),
    'finer': scan(-math.pi, STEP / 5.46, 1966),
}


@pytest.mark.parametrize('how', SCANS)
def test_rays_are_found_by_angle(how: str) -> None:
    rays = RaysDescription(8)
    given = np.array(extract(SCAN, 'ranges', SCANS[how], rays=rays))
    error = (given - np.array([180.0, 225.0, 270.0, 315.0, 0.0, 45.0, 90.0, 135.0])) % 360.0
    assert np.minimum(error, 360.0 - error).max() <= 2.0


def test_rays_follow_scans_of_varying_length() -> None:
    field = ObservationField(
        'f', 't', SCAN, 'ranges', rays=RaysDescription(3, -math.pi / 2, math.pi / 2)
    )
    extractor = FieldExtractor(field, '/t')
    for count in (1961, 1971, 1963, 1961):
        step = 2.0 * math.pi / count
        given = extractor(scan(-math.pi, step, count))
        assert given.tolist() == pytest.approx([270.0, given[1], 90.0], abs=0.2)
        assert min(given[1], 360.0 - given[1]) < 0.2
    assert field.element_names == ('f/-1.571', 'f/0.000', 'f/1.571')


def test_angles_that_a_scan_does_not_cover_are_refused() -> None:
    half = scan(-math.pi / 2, STEP, 181)
    rays = RaysDescription(3, -math.pi / 2, math.pi / 2)
    assert extract(SCAN, 'ranges', half, rays=rays) == pytest.approx([270.0, 0.0, 90.0], abs=0.1)
    words = refusal(SCAN, 'ranges', half, rays=RaysDescription(4))
    assert 'rays: no ray at -3.142 rad; accepted: angles within the scan, -1.571 to 1.571' in words


@pytest.mark.parametrize('step', [0.0, math.nan, math.inf])
def test_a_scan_without_angles_is_refused(step: float) -> None:
    message = LaserScan(angle_min=0.0, angle_increment=step, ranges=[1.0, 2.0])
    assert 'accepted: rays at known angles' in refusal(
        SCAN, 'ranges', message, rays=RaysDescription(2)
    )
    empty = LaserScan(angle_increment=0.1)
    assert 'and 0 rays' in refusal(SCAN, 'ranges', empty, rays=RaysDescription(2))


def test_rays_of_other_messages_are_refused() -> None:
    for kind, path in (
        (SCAN, 'angle_min'),
        ('std_msgs/msg/Float32MultiArray', 'data'),
        (IMU, 'orientation_covariance'),
    ):
        field = ObservationField('f', 't', kind, path, rays=RaysDescription(2))
        assert 'such as ranges of sensor_msgs/msg/LaserScan' in '; '.join(static_mistakes(field))
