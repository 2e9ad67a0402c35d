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

"""A mobile robot with two driven wheels that sees its goal, a red post, by a camera in front."""

import math

import numpy as np
from rl_agent.array_types import Float64Array, Frame
from rl_agent.description.randomisation import NOTHING_DRAWN, RandomisationRanges
from rl_agent.simulated_models.drawing.appearance import (
    Colour,
    draw_look,
    drawn_colours,
    drawn_pose,
    VISUAL_RANGES,
)
from rl_agent.simulated_models.drawing.front_view import FrontView, POST_RADIUS_M
from rl_agent.simulated_models.drawing.table_canvas import TableCanvas
from rl_agent.simulated_models.model import SensorValues

CAMERA_TOPIC = 'camera/image_raw'
COLOURS: dict[str, Colour] = {
    'sky': (190, 210, 230),
    'floor': (150, 140, 125),
    'goal': (200, 30, 40),
    'robot': (70, 80, 100),  # in films
}
LOWEST, HIGHEST = np.array([-0.1, -2.0]), np.array([0.22, 2.0])  # m/s, rad/s
GOAL_DISTANCE_M = (0.6, 1.4)  # at the beginning of an episode
MAX_GOAL_ANGLE_RAD = 0.8  # to either side of straight ahead: the goal is in the picture
WHEEL_RADIUS_M, TRACK_M = 0.033, 0.16  # of a TurtleBot3 Burger
_RESPONSE_S = 0.1  # time constant of both speeds
_SUBSTEP_S = 0.01
_FILM_PIXELS, _FILM_VIEW_M, _ROBOT_M = 240, 1.8, 0.1


class DiffDriveCamera:
    """A differential drive on an open floor; its speeds follow commands with a short delay.

    Takes the speed ahead, m/s, and the turning speed, rad/s. Each episode begins at rest at the
    origin, facing along x, with the post somewhere in the picture.

    Attributes:
        variations: what may vary from episode to episode.
        joint_names: the wheels, (2,).
        command_names: names of the command's numbers, (2,).
        position: of the wheels, rad, (2,).
        velocity: of the wheels, rad/s, (2,).
        effort: nothing, (2,).
        pose: x and y, m, and heading, rad, in the frame `odom`, (3,).
        goal: x, y and z of the post's foot in the same frame, m, (3,).
        draw: draw of the episode.
    """

    variations = VISUAL_RANGES

    def __init__(self, pixels: float = 48.0) -> None:
        """Stand at the origin.

        Args:
            pixels: rows and columns of the camera.
        """
        self.joint_names: tuple[str, ...] = ('wheel_left_joint', 'wheel_right_joint')
        self.command_names: tuple[str, ...] = ('linear.x', 'angular.z')
        self.position, self.effort = np.zeros(2), np.zeros(2)
        self.pose, self._speed = np.zeros(3), np.zeros(2)
        self.goal = np.array([1.0, 0.0, 0.0])
        self._camera, self._film_camera = FrontView(round(pixels)), FrontView(_FILM_PIXELS)
        self._map = TableCanvas(_FILM_PIXELS, _FILM_VIEW_M)
        self._ranges: RandomisationRanges | None = None
        self.draw = NOTHING_DRAWN
        self._colours = drawn_colours(COLOURS, self.draw)

    @property
    def velocity(self) -> Float64Array:
        """Wheel speeds, rad/s, (2,)."""
        ahead, turning = self._speed
        wheels = ahead + turning * TRACK_M / 2.0 * np.array([-1.0, 1.0])
        speeds: Float64Array = wheels / WHEEL_RADIUS_M
        return speeds

    def sensors(self) -> SensorValues:
        """Return odometry, the place of the goal, and the picture."""
        x, y, heading = self.pose
        orientation = np.array([0.0, 0.0, math.sin(heading / 2.0), math.cos(heading / 2.0)])
        return {
            'odom': {
                'pose.pose.position': np.array([x, y, 0.0]),
                'pose.pose.orientation': orientation,
                'twist.twist.linear': np.array([self._speed[0], 0.0, 0.0]),
                'twist.twist.angular': np.array([0.0, 0.0, self._speed[1]]),
            },
            'goal': {'point': self.goal},
            CAMERA_TOPIC: {'data': self._picture(self._camera)},
        }

    def frame(self) -> Frame:
        """Return a map and what the camera sees for people, (height, 2 x height, 3)."""
        heading = float(self.pose[2])
        ahead = np.array([math.cos(heading), math.sin(heading)])
        here, goal, colours = self.pose[:2], self.goal[:2], self._colours
        self._map.clear(colours['floor'])
        self._map.line(goal, goal, POST_RADIUS_M, colours['goal'])
        self._map.line(here, here, _ROBOT_M, colours['robot'])
        self._map.line(here, here + 1.5 * _ROBOT_M * ahead, 0.3 * _ROBOT_M, colours['robot'])
        return np.concatenate([self._map.picture(), self._picture(self._film_camera)], axis=1)

    def randomise(self, ranges: RandomisationRanges) -> None:
        """Vary colours, light and camera from the next reset on."""
        self._ranges = ranges

    def reset(self, rng: np.random.Generator) -> None:
        """Stand at the origin; place the goal, and draw how the episode looks, if that varies."""
        self.position, self.pose, self._speed = np.zeros(2), np.zeros(3), np.zeros(2)
        distance = rng.uniform(*GOAL_DISTANCE_M)
        angle = rng.uniform(-MAX_GOAL_ANGLE_RAD, MAX_GOAL_ANGLE_RAD)
        self.goal = distance * np.array([math.cos(angle), math.sin(angle), 0.0])
        if self._ranges is None:
            return
        self.draw = draw_look(self._ranges, rng, list(COLOURS))
        self._colours, pose = drawn_colours(COLOURS, self.draw), drawn_pose(self.draw)
        for camera in (self._camera, self._film_camera):
            camera.look(pose)

    def step(self, command: Float64Array, period_s: float) -> None:
        """Drive with a speed ahead and a turning speed, (2,), for one control period."""
        wanted = np.clip(command, LOWEST, HIGHEST)
        count = max(1, round(period_s / _SUBSTEP_S))
        substep_s = period_s / count
        share = 1.0 - math.exp(-substep_s / _RESPONSE_S)
        for _ in range(count):
            self._speed = self._speed + share * (wanted - self._speed)
            ahead, turning = self._speed
            heading = self.pose[2] + turning * substep_s / 2.0
            self.pose = self.pose + substep_s * np.array(
                [ahead * math.cos(heading), ahead * math.sin(heading), turning]
            )
            self.position = self.position + substep_s * self.velocity

    def _picture(self, camera: FrontView) -> Frame:
        """Return what a camera sees."""
        x, y, heading = self.pose
        cosine, sine = math.cos(heading), math.sin(heading)
        away_x, away_y = self.goal[0] - x, self.goal[1] - y
        post = np.array([cosine * away_x + sine * away_y, cosine * away_y - sine * away_x])
        colours = self._colours
        return camera.picture(post, colours['sky'], colours['floor'], colours['goal'])
