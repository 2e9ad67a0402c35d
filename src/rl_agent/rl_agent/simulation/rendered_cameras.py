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

"""Cameras of a MuJoCo model, drawn off-screen in the process that simulates the robot."""

import atexit
from collections.abc import Mapping
import os
import threading
from typing import Any
import weakref

from rl_agent.description.image import RenderedCamera
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.simulated_models import make_model
from rl_agent.simulated_models.model import sensors_of, SensorValues, SimulatedModel
from rl_agent.simulation.graphics import choose_graphics, WHAT_HELPS

_IMAGE = 'sensor_msgs/msg/Image'
_COSTLY = ('mjRND_SHADOW', 'mjRND_REFLECTION')  # without a GPU most of the time of a picture


class RenderedCameras:
    """Draws the cameras that a description names.

    An OpenGL context belongs to the thread that made it, so each thread has its own. Shadows and
    reflections are left out.
    """

    def __init__(self, scene: tuple[Any, Any], cameras: Mapping[str, RenderedCamera]) -> None:
        """Draw nothing yet.

        Args:
            scene: MuJoCo's model and data.
            cameras: by their topics.
        """
        self._model, self._data = scene
        self._cameras = cameras
        buffer = self._model.vis.global_
        for item in cameras.values():
            buffer.offheight = max(buffer.offheight, item.height)
            buffer.offwidth = max(buffer.offwidth, item.width)
        self._of_thread = threading.local()

    def sensors(self) -> SensorValues:
        """Return a picture of each camera, by its topic.

        Raises:
            ConfigurationError: MuJoCo cannot draw here.
        """
        found = {}
        for topic, item in self._cameras.items():
            renderer = self._renderer(item)
            renderer.update_scene(self._data, item.camera)
            for flag in self._flags:
                renderer.scene.flags[flag] = 0
            found[topic] = {'data': renderer.render().copy()}
        return found

    def _renderer(self, item: RenderedCamera) -> Any:
        """Return this thread's renderer for pictures of a size."""
        renderers = self._of_thread.__dict__
        size = f'{item.height} x {item.width}'
        if size not in renderers:
            renderers[size] = self._new_renderer(item)
        return renderers[size]

    def _new_renderer(self, item: RenderedCamera) -> Any:
        """Return a new renderer; it is closed before MuJoCo gives the display back."""
        try:
            import mujoco

            self._flags = [int(getattr(mujoco.mjtRndFlag, name)) for name in _COSTLY]
            renderer = mujoco.Renderer(self._model, item.height, item.width)
        except Exception as error:  # without a driver anything may be raised
            reason = ' '.join(str(error).split()) or type(error).__name__
            raise ConfigurationError(
                f'simulation.cameras: MuJoCo cannot draw: MUJOCO_GL={os.environ.get("MUJOCO_GL")}:'
                f' {reason}; accepted: a graphics library: {WHAT_HELPS}'
            ) from error
        atexit.register(_close, weakref.ref(renderer))
        return renderer


def make_described_model(
    description: RobotDescription,
) -> tuple[SimulatedModel, RenderedCameras | None]:
    """Return the model of a described robot, and what draws its cameras, if it names any.

    Raises:
        ConfigurationError: there is no simulation section, no such model or camera, or nothing to
            draw with.
    """
    simulation, name = description.simulation, f'robot {description.name!r}'
    if simulation is None:
        raise ConfigurationError(
            f'{name}: simulation: missing; this key is required to simulate it'
        )
    if simulation.cameras:
        choose_graphics()  # before MuJoCo is imported
    model = make_model(simulation.model, simulation.parameters, simulation.randomisation)
    if not simulation.cameras:
        return model, None
    scene = getattr(model, 'scene', None)
    if scene is None:
        raise ConfigurationError(
            f'{name}: simulation.cameras: given for {simulation.model!r}, which MuJoCo does not'
            ' simulate; accepted: a model with a MuJoCo scene, such as quadruped or peg_arm'
        )
    _check_cameras(description, simulation.cameras, scene[0])
    cameras = RenderedCameras(scene, simulation.cameras)
    cameras.sensors()  # a missing driver shows before anything starts
    return model, cameras


def all_sensors(model: SimulatedModel, cameras: RenderedCameras | None) -> SensorValues:
    """Return the values of a model's sensors other than its joints, and its cameras."""
    return sensors_of(model) if cameras is None else {**sensors_of(model), **cameras.sensors()}


def _check_cameras(
    description: RobotDescription, cameras: Mapping[str, RenderedCamera], model: Any
) -> None:
    """Raise ConfigurationError for a topic that no field reads, or an unknown camera."""
    topics = [topic for topic, kind in description.topics.items() if kind == _IMAGE]
    names = [model.camera(number).name for number in range(model.ncam)]
    for topic, item in cameras.items():
        where = f'robot {description.name!r}: simulation.cameras'
        if topic not in topics:
            raise ConfigurationError(
                f'{where}: given topic {topic!r}; accepted: {", ".join(topics) or "none"}, the'
                f' topics of {_IMAGE} in observation'
            )
        if item.camera not in names:
            raise ConfigurationError(
                f'{where}.{topic}.camera: given {item.camera!r}; accepted:'
                f' {", ".join(names) or "none"}, the cameras of the model'
            )


def _close(renderer: 'weakref.ref[Any]') -> None:
    """Close a renderer that is still there."""
    alive = renderer()
    if alive is not None:
        alive.close()
