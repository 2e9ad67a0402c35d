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

"""Markers for RViz and Foxglove, made from a step of a robot."""

from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point as PointMessage
from rl_agent.display.action_panel import ActionPanel, ActionRow, Point
from rl_agent.display.goal import Goal
from rl_agent.ros.ros_messages import import_message
from rl_agent.transport.transition import Intervention
from std_msgs.msg import ColorRGBA

_GREY = ColorRGBA(r=0.6, g=0.6, b=0.6, a=1.0)
_GREEN = ColorRGBA(r=0.2, g=0.8, b=0.3, a=1.0)
_ORANGE = ColorRGBA(r=1.0, g=0.6, b=0.1, a=1.0)
_WHITE = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
_GOAL = ColorRGBA(r=0.2, g=0.8, b=0.3, a=0.5)
_INTERVENTIONS = {Intervention.LIMIT: ', a limit acts', Intervention.PERSON: ', a person steers'}
_TEXT_M, _LINE_M, _BAR_M, _DOT_M, _GOAL_HEIGHT_M = 0.04, 0.005, 0.025, 0.03, 0.02


class MarkerMaker:
    """Makes the markers of one robot.

    Attributes:
        array_type: class of the message.
    """

    def __init__(self, panel: ActionPanel, frame: str, goal_frame: str) -> None:
        """Use a panel in `frame`, and goals in `goal_frame`.

        Raises:
            ConfigurationError: visualization_msgs is not installed.
        """
        self._type: Any = import_message('visualization_msgs/msg/Marker')
        self.array_type: Any = import_message('visualization_msgs/msg/MarkerArray')
        self._panel, self._frame, self._goal_frame = panel, frame, goal_frame

    def markers(self, step: Any, goal: Goal | None) -> Any:
        """Return the markers of a step; they replace those of the step before.

        Raises:
            ValueError: the step is of another robot: its sizes differ.
        """
        rows = self._panel.rows(step.action_wanted, step.action_executed, step.command)
        drawn = [
            self._lines('box', [point for row in rows for point in (row.low, row.high)]),
            self._bars(rows),
            self._dots([row.wanted for row in rows]),
            self._text('state', 0, self._panel.top, _state_text(step)),
            *(self._text('label', n, row.label_at, row.label) for n, row in enumerate(rows)),
            self._goal(goal),
        ]
        return self.array_type(markers=drawn)

    def _marker(self, name: str, number: int, kind: int, scale: Point) -> Any:
        """Return a marker without content, in the frame of the panel."""
        marker = self._type(ns=name, id=number, type=kind, action=self._type.ADD, color=_WHITE)
        marker.header.frame_id = self._frame
        marker.header.stamp = Time()  # the newest transform: never too early for RViz
        marker.frame_locked = True
        marker.pose.orientation.w = 1.0
        marker.scale.x, marker.scale.y, marker.scale.z = scale
        return marker

    def _lines(self, name: str, points: Sequence[Point]) -> Any:
        """Return lines between each two points."""
        marker = self._marker(name, 0, self._type.LINE_LIST, (_LINE_M, 0.0, 0.0))
        marker.points, marker.color = _points(points), _GREY
        return marker

    def _bars(self, rows: Sequence[ActionRow]) -> Any:
        """Return a bar from 0 to each executed action, orange where safety changed it."""
        marker = self._marker('executed', 0, self._type.LINE_LIST, (_BAR_M, 0.0, 0.0))
        marker.points = _points([point for row in rows for point in (row.zero, row.executed)])
        colours = [_ORANGE if row.is_changed else _GREEN for row in rows]
        marker.colors = [colour for colour in colours for _ in range(2)]
        return marker

    def _dots(self, points: Sequence[Point]) -> Any:
        """Return a dot at each action that the policy wanted."""
        marker = self._marker('wanted', 0, self._type.SPHERE_LIST, (_DOT_M, _DOT_M, _DOT_M))
        marker.points = _points(points)
        return marker

    def _text(self, name: str, number: int, at: Point, text: str) -> Any:
        """Return a text that faces the viewer."""
        marker = self._marker(name, number, self._type.TEXT_VIEW_FACING, (0.0, 0.0, _TEXT_M))
        marker.pose.position = _point(at)
        marker.text = text
        return marker

    def _goal(self, goal: Goal | None) -> Any:
        """Return the goal, or the order to remove it."""
        if goal is None:
            marker = self._marker('goal', 0, self._type.CYLINDER, (0.0, 0.0, 0.0))
            marker.action = self._type.DELETE
            return marker
        width_m = 2.0 * goal.radius_m
        marker = self._marker('goal', 0, self._type.CYLINDER, (width_m, width_m, _GOAL_HEIGHT_M))
        marker.header.frame_id = self._goal_frame
        marker.pose.position = _point(goal.position_m)
        marker.color = _GOAL
        return marker


def _state_text(step: Any) -> str:
    """Return what the robot does, in one line."""
    kind = 'evaluating' if step.evaluation else 'exploring'
    hand = _INTERVENTIONS.get(step.intervention, '')
    return (
        f'{step.robot}: {kind}, episode {step.episode}, step {step.step}, policy'
        f' {step.policy_version}, reward {step.reward:.3g}{hand}'
    )


def _points(points: Sequence[Point]) -> list[PointMessage]:
    """Return points as messages."""
    return [_point(point) for point in points]


def _point(point: Point) -> PointMessage:
    """Return a point as a message."""
    x_m, y_m, z_m = point
    return PointMessage(x=x_m, y=y_m, z=z_m)
