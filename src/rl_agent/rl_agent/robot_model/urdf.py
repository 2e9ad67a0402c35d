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

"""The joints in a URDF and their limits, read without trust.

The parser builds no tree and expands no entities: it fails at a document type declaration, which
no URDF needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import math
from xml.parsers import expat

from rl_agent.errors import ConfigurationError

MOST_BYTES = 16 << 20
_MOST_JOINTS, _MOST_DEPTH = 1000, 64
_ROBOT, _CONTROL = ['robot'], ['robot', 'ros2_control']
TURNING, SLIDING, ENDLESS = 'revolute', 'prismatic', 'continuous'
UNITS = {TURNING: 'rad', SLIDING: 'm', ENDLESS: 'rad'}
Range = tuple[float, float]


@dataclass(frozen=True)
class UrdfJoint:
    """A joint that moves.

    Attributes:
        name: of the joint.
        kind: `revolute`, `prismatic` or `continuous`.
        position: lowest and highest position, rad or m; None: no limit, or none that makes sense.
        velocity: highest speed, rad/s or m/s; None: no limit.
        effort: highest effort, N m or N; None: no limit.
        mimics: joint that it follows; None: it moves by itself.
    """

    name: str
    kind: str
    position: Range | None = None
    velocity: float | None = None
    effort: float | None = None
    mimics: str | None = None


@dataclass(frozen=True)
class Urdf:
    """What a URDF says.

    Attributes:
        name: of the robot.
        joints: that move, in the order of the file.
        commands: joint to its command interfaces, such as `position`, from `ros2_control`.
        notes: what is strange about it, one text each.
    """

    name: str = ''
    joints: tuple[UrdfJoint, ...] = ()
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def joint(self, name: str) -> UrdfJoint | None:
        """Return a joint that moves; None: there is no such joint."""
        return next((item for item in self.joints if item.name == name), None)


def read_urdf(text: str) -> Urdf:
    """Return the joints in a URDF.

    Raises:
        ConfigurationError: it is too large, not well-formed XML, or no URDF.
    """
    size = len(text)
    if size > MOST_BYTES:
        raise ConfigurationError(f'given {size} characters; accepted: up to {MOST_BYTES}')
    reader = _Reader()
    try:
        reader.parser.Parse(text.encode('utf-8', 'replace'), True)
    except expat.ExpatError as error:
        raise ConfigurationError(f'not well-formed XML: {error}; accepted: a URDF') from error
    return reader.result()


class _Reader:
    """Handles the elements of a URDF as they come."""

    def __init__(self) -> None:
        """Prepare the parser."""
        self.parser = parser = expat.ParserCreate('utf-8')
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._path: list[str] = []
        self._name = ''
        self._joint: UrdfJoint | None = None
        self._joints: dict[str, UrdfJoint] = {}
        self._commands: dict[str, list[str]] = {}
        self._controlled = ''
        self._notes: list[str] = []

    def result(self) -> Urdf:
        """Return what was read."""
        commands = {name: tuple(found) for name, found in self._commands.items()}
        return Urdf(self._name, tuple(self._joints.values()), commands, tuple(self._notes))

    def _refuse_doctype(self, *_: object) -> None:
        raise ConfigurationError('given a document type declaration; accepted: a URDF without')

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        above, self._path = self._path, [*self._path, tag]
        if len(above) >= _MOST_DEPTH:
            raise ConfigurationError(f'given elements {_MOST_DEPTH} deep; accepted: a URDF')
        if not above:
            if tag != 'robot':
                raise ConfigurationError(f'given XML of {tag[:60]!r}; accepted: a URDF, of robot')
            self._name = attributes.get('name', '')
        elif tag == 'joint' and above == _ROBOT:
            self._begin_joint(attributes)
        elif self._joint is not None and above == ['robot', 'joint']:
            self._add(tag, attributes)
        elif tag == 'joint' and above == _CONTROL:
            self._controlled = attributes.get('name', '')
        elif tag == 'command_interface' and above == [*_CONTROL, 'joint']:
            found = self._commands.setdefault(self._controlled, [])
            found.append(attributes.get('name', ''))

    def _end(self, tag: str) -> None:
        self._path = self._path[:-1]
        if tag != 'joint' or self._path != _ROBOT or self._joint is None:
            return
        joint, self._joint = self._joint, None
        if joint.name in self._joints:
            self._note(f'joint {joint.name!r} is there twice: the first one counts')
        elif len(self._joints) < _MOST_JOINTS:
            self._joints[joint.name] = joint
        else:
            self._note(f'more than {_MOST_JOINTS} joints: the first ones count')

    def _begin_joint(self, attributes: Mapping[str, str]) -> None:
        name, kind = attributes.get('name', ''), attributes.get('type', '')
        if kind in UNITS and name:
            self._joint = UrdfJoint(name, kind)
        elif kind in ('floating', 'planar'):
            self._note(f'joint {name!r} is {kind}: it has no place in a list of joints')

    def _add(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Add a child of a joint."""
        joint = self._joint
        assert joint is not None
        if tag == 'mimic':
            self._joint = replace(joint, mimics=attributes.get('joint', ''))
        elif tag == 'limit':
            numbers = {key: _number(attributes.get(key)) for key in attributes}
            self._joint = replace(
                joint,
                position=self._position(joint, numbers),
                velocity=_positive(numbers.get('velocity')),
                effort=_positive(numbers.get('effort')),
            )

    def _position(self, joint: UrdfJoint, numbers: Mapping[str, float | None]) -> Range | None:
        """Return the bounds of a joint's position, if they make sense."""
        low, high = numbers.get('lower', 0.0), numbers.get('upper', 0.0)  # URDF's defaults
        if joint.kind == ENDLESS:
            if low or high:
                self._note(f'joint {joint.name!r} is continuous: its lower and upper do not count')
            return None
        if low is None or high is None or not low < high:
            self._note(f'joint {joint.name!r} has no range: lower {low}, upper {high}')
            return None
        return low, high

    def _note(self, text: str) -> None:
        """Note something strange, once."""
        if text not in self._notes and len(self._notes) < 50:
            self._notes.append(text)


def _number(text: str | None) -> float | None:
    """Return a finite number; None if the text is none."""
    try:
        number = float(text or '')
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _positive(number: float | None) -> float | None:
    """Return a number above 0; None otherwise: many URDFs have 0 for an unknown limit."""
    return number if number is not None and number > 0.0 else None
