# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""How the process of a node ends."""

from pathlib import Path
import subprocess
import sys
import threading
from typing import Any

import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import try_shutdown
from rl_agent.errors import RlError
from rl_agent.ros.ros_node_main import _spin

TIMEOUT_S = 60.0


class SlowGroup(MutuallyExclusiveCallbackGroup):
    """Delays its callbacks just before they begin."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()

    def beginning_execution(self, entity: Any) -> bool:
        self.reached.set()
        self.go_on.wait(TIMEOUT_S)
        return bool(super().beginning_execution(entity))


@pytest.mark.usefixtures('ros_environment')
def test_an_executor_may_be_shut_down_just_before_a_callback() -> None:
    failures: list[RlError] = []
    context = Context()
    rclpy.init(context=context)
    node = Node('late', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    group = SlowGroup()
    node.create_timer(0.001, lambda: None, group)
    thread = threading.Thread(target=_spin, args=(executor, failures.append))
    thread.start()
    assert group.reached.wait(TIMEOUT_S)
    executor.shutdown()
    group.go_on.set()
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert not failures
    node.destroy_node()
    try_shutdown(context=context)


def run_program(program: str, environment: dict[str, str]) -> 'subprocess.CompletedProcess[str]':
    """Run a program in a new process, to its end."""
    return subprocess.run(
        [sys.executable, '-c', program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


ROBOT = """
import sys
import threading
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_managed_node import ManagedNode

class Robot(ManagedNode):
    def __init__(self):
        super().__init__('robot')

    def activate(self):
        {begin}

    def deactivate(self):
        print('stopped in order')

    def work(self):
        raise {error}

sys.exit(run(Robot))
"""
CALLBACK = 'self.create_timer(0.01, self.work)'
THREAD = "threading.Thread(target=self.work, name='legs').start()"


@pytest.mark.parametrize(
    ('begin', 'error', 'text', 'is_unexpected'),
    [
        (CALLBACK, "RobotError('it fell over')", 'it fell over', False),
        (CALLBACK, "KeyError('knee')", "a callback failed: KeyError('knee')", True),
        (THREAD, "RobotError('it fell over')", 'it fell over', False),
        (THREAD, "ConfigurationError('no knee')", 'no knee', False),
        (THREAD, "KeyError('knee')", "thread 'legs' failed: KeyError('knee')", True),
    ],
)
def test_a_callback_or_thread_that_raises_ends_the_process(
    begin: str, error: str, text: str, is_unexpected: bool, ros_environment: dict[str, str]
) -> None:
    """Otherwise it would stay without callbacks; only unexpected errors have a stack trace."""
    program = ROBOT.replace('{begin}', begin).replace('{error}', error)
    done = run_program(program, ros_environment)
    assert done.returncode == (2 if 'Configuration' in error else 1), done.stderr
    assert f'error: /robot: {text}' in done.stderr
    assert ('Traceback' in done.stderr) == is_unexpected
    assert done.stdout == 'stopped in order\n'


SECOND_ATTEMPT = """
import sys
from rl_agent.errors import ConfigurationError
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_managed_node import ManagedNode

class Robot(ManagedNode):
    autostart = False

    def __init__(self):
        super().__init__('robot')
        self.attempts = 0
        self.create_timer(0.01, self.operate)

    def configure(self):
        self.attempts += 1
        if self.attempts == 1:
            raise ConfigurationError('no knee')

    def operate(self):
        self.trigger_configure()
        if self.attempts == 2:
            self.ended.set()

sys.exit(run(Robot))
"""


def test_the_next_successful_attempt_clears_a_failure(
    ros_environment: dict[str, str],
) -> None:
    done = run_program(SECOND_ATTEMPT, ros_environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count('no knee') == 1


def test_an_unwritable_log_folder_is_not_reported_as_an_argument(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """For example in a read-only home."""
    file = tmp_path / 'file'
    file.touch()
    program = ROBOT.replace('{begin}', 'pass').replace('{error}', 'KeyError')
    done = run_program(program, {**ros_environment, 'ROS_LOG_DIR': str(file / 'logs')})
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f'error: ROS logs: given {file}/logs: Not a directory; accepted: ROS_LOG_DIR=FOLDER in the'
        ' environment, a folder to write in'
    )
    assert 'Traceback' not in done.stderr
