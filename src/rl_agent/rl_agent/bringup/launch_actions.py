# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Actions of `launch_ros` made from node specifications; for launch files only.

`launch` comes with a ROS installation and is not on PyPI. It is imported only inside functions, so
that this module can be imported and tested anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import os
import signal
import sys
from typing import Any

from rl_agent.bringup.interpreters import Interpreter
from rl_agent.bringup.launch_arguments import is_started_by, LaunchArgument, refuse_unknown
from rl_agent.bringup.node_specs import NodeSpec, ParameterValue
from rl_agent.errors import RlError, WRONG_CONFIGURATION

_RESTART_DELAY_S = 2.0
# From SIGINT to SIGTERM, and from there to SIGKILL; a learner saves its checkpoint in this time.
_SIGNAL_TIMEOUT_S = '20'


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
        arguments: all arguments of the launch file.
        context: of the launch.

    Raises:
        ConfigurationError: a value has the wrong type, or an argument is unknown.
    """
    file = context.get_locals_as_dict().get('current_launch_file_path')
    # a launch file that includes this one may have other arguments
    if file and is_started_by(sys.argv, file):
        refuse_unknown(arguments, context.argv)
    typed = context.launch_configurations
    return {item.name: item.value(typed[item.name]) for item in arguments}


def parameters(
    arguments: Sequence[LaunchArgument], given: dict[str, Any]
) -> dict[str, ParameterValue]:
    """Return the values of some of the arguments, as parameters of a node."""
    return {item.name: given[item.name] for item in arguments}


def environment_of(context: Any) -> dict[str, str]:
    """Return the environment variables of the processes that this launch file starts."""
    return dict(getattr(context, 'environment', os.environ))


@dataclass
class Starter:
    """Starts one node, and restarts it when it fails, up to a number of times.

    Attributes:
        spec: the node.
        interpreter: runs the node.
        log_level: of the node.
        restarts: how many restarts are left.
    """

    spec: NodeSpec
    interpreter: Interpreter
    log_level: str
    restarts: int

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
            sigterm_timeout=_SIGNAL_TIMEOUT_S,
            sigkill_timeout=_SIGNAL_TIMEOUT_S,
            on_exit=self._on_exit,
        )

    def _on_exit(self, event: Any, context: Any) -> list[Any]:
        """Restart the node, or shut everything down.

        Raises:
            RlError: the node failed, and a restart would not help or none is left; launch shows
                the text, shuts down and exits with 1.
        """
        from launch.actions import Shutdown, TimerAction

        if context.is_shutdown:
            return []
        code, name = event.returncode, self.spec.name
        if code in (0, -signal.SIGINT):  # perhaps by a Ctrl-C that launch has yet to see
            return [Shutdown(reason=f'{name} has ended')]
        if code == WRONG_CONFIGURATION or self.restarts == 0:
            raise RlError(f'{name} failed with exit code {code}: shutting down')
        self.restarts -= 1
        return [TimerAction(period=_RESTART_DELAY_S, actions=[self.action()])]


def start(specs: Sequence[NodeSpec], interpreter: Interpreter, given: dict[str, Any]) -> list[Any]:
    """Return the actions that start nodes.

    Args:
        specs: the nodes.
        interpreter: runs them.
        given: values of the launch file's arguments, including `log_level` and `restarts`.
    """
    return [
        Starter(
            spec,
            interpreter,
            given['log_level'],
            # a restarted robot would not continue where it was, so a person restarts it all
            0 if spec.executable == 'simulated_robot' else given['restarts'],
        ).action()
        for spec in specs
    ]
