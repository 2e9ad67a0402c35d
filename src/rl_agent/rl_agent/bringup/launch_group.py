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

"""The nodes of one launch file, which are restarted one by one and end together.

A robot's own bringup may include a launch file. Then only the nodes of that file end, unless the
argument `shutdown` says otherwise. As in `launch_actions`, `launch` is imported in functions only.
"""

from dataclasses import dataclass, field
import signal
import sys
from typing import Any

from rl_agent.bringup.interpreters import Interpreter
from rl_agent.bringup.launch_arguments import is_started_by
from rl_agent.bringup.node_specs import NodeSpec
from rl_agent.errors import ConfigurationError, RlError, WRONG_CONFIGURATION

_RESTART_DELAY_S = 2.0
# From SIGINT to SIGTERM, and from there to SIGKILL; a learner saves its checkpoint in this time.
_SIGNAL_TIMEOUT_S = '20'
# What PushRosNamespace, SetRemap and SetParameter leave for the nodes that follow.
_SCOPE = ('ros_namespace', 'ros_remaps', 'global_params')


@dataclass
class Group:
    """The nodes of one launch file.

    Attributes:
        shuts_down: everything is shut down when a node has ended for good; False: the others of
            this group.
        log_level: of the nodes.
        restarts: how often a node that failed is restarted; -1: for ever.
        params_file: YAML file of ROS parameters; empty: none.
        scope: of the launch file, for restarted nodes.
        running: starters of the nodes that run, or will be restarted.
        ended: the nodes were told to end.
    """

    shuts_down: bool
    log_level: str
    restarts: int
    params_file: str = ''
    scope: dict[str, Any] = field(default_factory=dict)
    running: 'list[Starter]' = field(default_factory=list)
    ended: bool = False

    @classmethod
    def of(cls, context: Any, given: dict[str, Any]) -> 'Group':
        """Return the empty group of a launch file.

        Args:
            context: of the launch.
            given: values of the launch file's arguments, including `shutdown`, `log_level` and
                `restarts`.

        Raises:
            ConfigurationError: `restarts` is below -1.
        """
        restarts = -1 if given.get('use_respawn') else given['restarts']
        if restarts < -1:
            raise ConfigurationError(
                f'restarts: given {restarts}; accepted: 0 or more, or -1: for ever'
            )
        file = context.get_locals_as_dict().get('current_launch_file_path', '')
        asked = given['shutdown']
        shuts_down = asked == 'true' or (asked == 'auto' and is_started_by(sys.argv, file))
        known = context.launch_configurations
        scope = {name: known[name] for name in _SCOPE if name in known}
        params_file = given.get('params_file', '')
        return cls(shuts_down, given['log_level'], restarts, params_file, scope)

    def finish(self, text: str) -> list[Any]:
        """Return the actions that end the group after its work was done."""
        from launch.actions import LogInfo, Shutdown

        if self.shuts_down:
            return [Shutdown(reason=text)]
        return [LogInfo(msg=f'{text}: ending the nodes of its launch file'), *self._stop()]

    def fail(self, text: str) -> list[Any]:
        """Return the actions that end the group after a failure.

        Raises:
            RlError: everything is shut down; launch shows the text and exits with 1.
        """
        from launch.logging import get_logger

        if self.shuts_down:
            raise RlError(f'{text}: shutting down')
        get_logger('launch').error(f'{text}: ending the nodes of its launch file')
        return self._stop()

    def _stop(self) -> list[Any]:
        """Return the actions that stop all nodes of the group."""
        from launch.actions import EmitEvent
        from launch.events import matches_action
        from launch.events.process import ShutdownProcess

        self.ended = True
        return [
            EmitEvent(event=ShutdownProcess(process_matcher=matches_action(starter.running)))
            for starter in self.running
        ]


@dataclass(eq=False)
class Starter:
    """Starts one node of a group, and restarts it when it fails, up to a number of times.

    Attributes:
        spec: the node.
        interpreter: runs the node.
        group: its group.
        restarts: how many restarts are left; -1: any number.
        running: the newest action that started it.
    """

    spec: NodeSpec
    interpreter: Interpreter
    group: Group
    restarts: int
    running: Any = None

    def action(self) -> Any:
        """Return the action that starts the node."""
        from launch_ros.actions import Node

        spec, group = self.spec, self.group
        file = ['--params-file', group.params_file] if group.params_file else []
        self.running = Node(
            executable=self.interpreter.python,
            exec_name=spec.name,
            namespace=spec.namespace or None,
            arguments=['-m', 'rl_agent.bringup.node_process', spec.module],
            remappings=list(spec.remappings.items()),
            ros_arguments=['--log-level', group.log_level, *file, *spec.parameter_arguments()],
            env=dict(self.interpreter.environment),
            output='screen',
            sigterm_timeout=_SIGNAL_TIMEOUT_S,
            sigkill_timeout=_SIGNAL_TIMEOUT_S,
            on_exit=self._on_exit,
        )
        if self not in group.running:
            group.running.append(self)
        return self.running

    def _on_exit(self, event: Any, context: Any) -> list[Any]:
        """Restart the node, or end its group.

        Raises:
            RlError: see `Group.fail`; a restart would not help, or none is left.
        """
        group, code, name = self.group, event.returncode, self.spec.name
        if context.is_shutdown or group.ended:
            return []
        ended = code in (0, -signal.SIGINT)  # perhaps by a Ctrl-C that launch has yet to see
        if not ended and code != WRONG_CONFIGURATION and self.restarts != 0:
            self.restarts -= self.restarts > 0
            return [self._restart()]
        group.running.remove(self)
        if not ended:
            return group.fail(f'{name} failed with exit code {code}')
        if self.spec.executable == 'agent' and self._has_siblings():
            return []  # the other robots have steps left
        return group.finish(f'{name} has ended')

    def _has_siblings(self) -> bool:
        """Return whether another node of the same kind runs."""
        kind = self.spec.executable
        return any(starter.spec.executable == kind for starter in self.group.running)

    def _restart(self) -> Any:
        """Return the action that starts the node again, in the scope of the launch file."""
        from launch.actions import GroupAction, OpaqueFunction, TimerAction

        def start_again(context: Any) -> list[Any]:
            if self.group.ended:
                return []
            context.launch_configurations.update(self.group.scope)
            return [self.action()]

        again = GroupAction([OpaqueFunction(function=start_again)])
        return TimerAction(period=_RESTART_DELAY_S, actions=[again])
