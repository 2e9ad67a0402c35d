# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Node specs into actions of `launch_ros`; for launch files only.

`launch` comes with a ROS installation and is not on PyPI: it is imported when a launch file needs
it, so that this module can be imported and checked anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import os
import signal
import sys
from typing import Any

from rl_agent.bringup.interpreters import Interpreter
from rl_agent.bringup.launch_arguments import is_asked_for, LaunchArgument, refuse_unknown
from rl_agent.bringup.node_specs import NodeSpec, ParameterValue
from rl_agent.errors import RlError, WRONG_CONFIGURATION

_RESTART_DELAY_S = 2.0
# Longer than a learner takes to save its checkpoint; then comes SIGTERM.
_END_WITHIN_S = '20'


def declare(arguments: Sequence[LaunchArgument]) -> list[Any]:
    """Return the actions that declare the arguments of a launch file."""
    from launch.actions import DeclareLaunchArgument

    return [
        DeclareLaunchArgument(
            item.name,
            description=item.description,
            default_value=item.default_text,
            choices=list(item.choices) or None,
        )
        for item in arguments
    ]


def values(arguments: Sequence[LaunchArgument], context: Any) -> dict[str, Any]:
    """Return the value of each argument.

    Args:
        arguments: all that the launch file has.
        context: of the launch.

    Raises:
        ConfigurationError: one is not of its type, or the command line has one of another name.
    """
    file = context.get_locals_as_dict().get('current_launch_file_path')
    # the arguments of a file that includes this one are none of our business
    if file and is_asked_for(file, sys.argv):
        refuse_unknown(arguments, context.argv)
    typed = context.launch_configurations
    return {item.name: item.value(typed[item.name]) for item in arguments}


def parameters(
    arguments: Sequence[LaunchArgument], given: dict[str, Any]
) -> dict[str, ParameterValue]:
    """Return those values that are parameters of a node."""
    return {item.name: given[item.name] for item in arguments}


def environment_of(context: Any) -> dict[str, str]:
    """Return the variables that launched processes get, by this launch file's place."""
    return dict(getattr(context, 'environment', os.environ))


@dataclass
class Starter:
    """Starts one node, and starts it again when it fails, as often as allowed.

    Attributes:
        spec: the node.
        interpreter: to run it.
        log_level: of the node.
        restarts: how often it may still be started again.
    """

    spec: NodeSpec
    interpreter: Interpreter
    log_level: str = 'info'
    restarts: int = 0

    def action(self) -> Any:
        """Return the action that starts the node."""
        from launch_ros.actions import Node

        spec = self.spec
        return Node(
            executable=self.interpreter.python,
            exec_name=spec.name,
            namespace=spec.namespace or None,
            arguments=['-m', spec.module],
            remappings=list(spec.remappings.items()),
            ros_arguments=['--log-level', self.log_level, *spec.parameter_arguments()],
            env=dict(self.interpreter.environment),
            output='screen',
            sigterm_timeout=_END_WITHIN_S,
            sigkill_timeout=_END_WITHIN_S,  # a learner on a loaded machine
            on_exit=self._on_exit,
        )

    def _on_exit(self, event: Any, context: Any) -> list[Any]:
        """Start the node again, or shut everything down.

        Raises:
            RlError: it failed, and starting again is pointless or was tried often enough; launch
                shows the text, shuts down and exits with 1.
        """
        from launch.actions import Shutdown, TimerAction

        if context.is_shutdown:
            return []
        code, name = event.returncode, self.spec.name
        if code in (0, -signal.SIGINT):  # asked to, perhaps by a Ctrl-C that launch has yet to see
            return [Shutdown(reason=f'{name} has ended')]
        if code == WRONG_CONFIGURATION or self.restarts == 0:
            raise RlError(f'{name} failed with exit code {code}: shutting down')
        self.restarts -= 1
        return [TimerAction(period=_RESTART_DELAY_S, actions=[self.action()])]


def start(specs: Sequence[NodeSpec], interpreter: Interpreter, given: dict[str, Any]) -> list[Any]:
    """Return the actions that start nodes.

    Args:
        specs: the nodes.
        interpreter: to run them.
        given: values of the launch file's arguments, `log_level` and `restarts` among them.
    """
    return [
        Starter(
            spec,
            interpreter,
            given['log_level'],
            # of a robot that broke nobody knows how it stands: a person starts it again
            0 if spec.executable == 'simulated_robot' else given['restarts'],
        ).action()
        for spec in specs
    ]
