# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Node processes for tests, started from node specs and ended by process id."""

from collections.abc import Callable, Iterable, Iterator, Sequence
import contextlib
from pathlib import Path
import subprocess
import sys
import threading
import time
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import try_shutdown
from rl_agent.bringup.interpreters import Interpreter
from rl_agent.bringup.node_specs import NodeSpec
from rl_agent.ros.ros_spinning import serve
from rl_agent.ros.ros_topics import AGENT_STATUS
from rl_learner.system.processes import ChildProcess, end_in_order


def with_helpers(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment in which another process finds the modules beside this one."""
    folders = [str(Path(__file__).resolve().parent), environment.get('PYTHONPATH', '')]
    return {**environment, 'PYTHONPATH': ':'.join(filter(None, folders))}


def namespace_of(test: str) -> str:
    """Return a namespace of a test's own; `test` is its name, with parameters."""
    return ''.join(letter if letter.isalnum() else '_' for letter in test).strip('_')


@contextlib.contextmanager
def running(
    specs: Sequence[NodeSpec],
    environment: dict[str, str],
    folder: Path,
    prefix: Sequence[str] = (),
    robot: Interpreter | None = None,
) -> Iterator[dict[str, ChildProcess]]:
    """Start nodes, with a command prefix if given; at the end, stop them in reverse order.

    The nodes of robots may use another interpreter.
    """
    processes: dict[str, ChildProcess] = {}
    ours = Interpreter(sys.executable, environment)
    try:
        for spec in specs:
            interpreter = robot if robot and spec.package == 'rl_agent' else ours
            command = [*prefix, interpreter.python, *spec.arguments()]
            processes[spec.name] = ChildProcess(
                spec.name, command, folder / f'{spec.name}.log', interpreter.environment
            )
        yield processes
    finally:
        stages = [[process] for process in reversed(processes.values())]
        end_in_order(stages, time.monotonic() + 60.0)


def kill_and_restart(
    processes: dict[str, ChildProcess],
    specs: Sequence[NodeSpec],
    environment: dict[str, str],
    folder: Path,
) -> None:
    """Kill nodes with SIGKILL, all at once, and restart them with the same commands."""
    for spec in specs:
        processes[spec.name].kill()
    for spec in specs:
        number = len(list(folder.glob(f'{spec.name}*.log'))) + 1
        command = [sys.executable, *spec.arguments()]
        processes[spec.name] = ChildProcess(
            spec.name, command, folder / f'{spec.name}_{number}.log', environment
        )


class Listener:
    """A node in this process that collects messages.

    Attributes:
        heard: topic to its messages, in order.
    """

    def __init__(self, topics: dict[str, tuple[type, Any]]) -> None:
        """Subscribe; `topics` maps a topic to message type and quality of service."""
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = Node('listener', context=self._context)
        self.executor = SingleThreadedExecutor(context=self._context)
        self.executor.add_node(self.node)
        self.heard: dict[str, list[Any]] = {topic: [] for topic in topics}
        for topic, (kind, qos) in topics.items():
            self.node.create_subscription(kind, topic, self.heard[topic].append, qos)

    def until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Serve callbacks until a condition holds.

        Raises:
            AssertionError: it does not hold in time.
        """
        held = serve(self.executor, timeout_s, condition)
        assert held, f'not within {timeout_s:g} s: {what}'

    def close(self) -> None:
        """Destroy the node."""
        self.executor.shutdown()
        self.node.destroy_node()
        try_shutdown(context=self._context)


class SpinningListener(Listener):
    """A listener with its executor in a thread, as in an agent."""

    def __init__(self) -> None:
        """Start without topics."""
        super().__init__({})
        self._thread = threading.Thread(target=self.executor.spin)
        self._thread.start()

    def stop(self) -> None:
        """Stop the executor."""
        self.executor.shutdown()
        self._thread.join()

    def close(self) -> None:
        """Destroy the node."""
        self.stop()
        super().close()


def executed_steps(listener: Listener, namespace: str) -> list[int]:
    """Return the counts of executed steps that a simulated robot reported, in order."""
    return [
        int(item.value)
        for message in listener.heard['/diagnostics']
        for status in message.status
        for item in status.values
        if status.hardware_id == namespace and item.key == 'executed_steps'
    ]


def settled_steps(listener: Listener, namespace: str) -> int:
    """Return the steps that a simulated robot has executed once the count is constant."""
    last = -1
    for _ in range(60):
        wanted = len(executed_steps(listener, namespace)) + 2
        listener.until(
            lambda wanted=wanted: len(executed_steps(listener, namespace)) >= wanted,  # type: ignore[misc]
            30.0,
            'the next count',
        )
        now = executed_steps(listener, namespace)[-1]
        if now == last:
            break
        last = now
    return last


def loaded_libraries(process: ChildProcess) -> str:
    """Return the memory map of a running process, with the paths of its libraries."""
    return Path(f'/proc/{process.pid}/maps').read_text(encoding='utf-8')


def all_acknowledged(listener: Listener, namespaces: Iterable[str]) -> bool:
    """Return whether each agent reports that it has finished and everything is acknowledged."""
    statuses = [listener.heard[f'/{namespace}/{AGENT_STATUS}'] for namespace in namespaces]
    return all(
        heard
        and heard[-1].state.startswith('finished')
        and heard[-1].transitions_acknowledged == heard[-1].steps
        for heard in statuses
    )


def run_module(
    module: str, *arguments: str, environment: dict[str, str], cwd: Path, timeout_s: float = 60.0
) -> 'subprocess.CompletedProcess[str]':
    """Run `python -m module` to its end."""
    return subprocess.run(
        [sys.executable, '-m', module, *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def start_module(
    module: str, *arguments: str, environment: dict[str, str], cwd: Path
) -> 'subprocess.Popen[str]':
    """Start `python -m module`; `ended` waits for its end."""
    return subprocess.Popen(
        [sys.executable, '-m', module, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(
    process: 'subprocess.Popen[str]', code: int, timeout_s: float = 150.0
) -> tuple[str, str]:
    """Wait for the end of a process, with an exit code and without a traceback.

    Returns:
        what it printed, and its errors.
    """
    output, errors = process.communicate(timeout=timeout_s)
    assert process.returncode == code, output + errors
    assert 'Traceback' not in output + errors
    return output, errors
