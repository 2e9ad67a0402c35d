# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Starting and ending a node as launch files, terminals and supervisors expect it.

SIGINT and SIGTERM, once or several times, end the node in order: it stops, hands over what it
holds while its connections still work, and the process exits with 0. An expected error is one
line on stderr and exit code 1, or 2 where starting again cannot help: a wrong configuration. So
is an error on any thread of the process: one that went on without it would look alive, and nobody
would start it again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import signal
import sys
import threading
import traceback

import rclpy
from rclpy.exceptions import InvalidNamespaceException, InvalidNodeNameException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from rl_agent.errors import ConfigurationError, DiskFullError, RlError, WRONG_CONFIGURATION
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.system.log_folder import why_no_logs
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent

_ENDING = (signal.SIGINT, signal.SIGTERM)


def run(make_node: Callable[[], ManagedNode], args: Sequence[str] | None = None) -> int:
    """Run a node until it ends or a signal comes; return the exit code."""
    stop = SignalSafeEvent()
    set_by_signals(stop, *_ENDING)
    try:
        rclpy.init(
            args=list(args) if args else None, signal_handler_options=SignalHandlerOptions.NO
        )
    except Exception as error:  # a type of rclpy's C extension: what it cannot read or write
        return _report(*why_no_ros(error))
    try:
        return _run_initialised(make_node, stop)
    finally:
        try_shutdown()
        _ignore_signals()


def why_no_ros(error: Exception) -> tuple[str, ConfigurationError]:
    """Return what is wrong, and how, where ROS cannot be initialised."""
    if lack := why_no_logs():
        return 'ROS logs', ConfigurationError(
            f'given {lack}; accepted: ROS_LOG_DIR=FOLDER in the environment, a folder to write in'
        )
    return 'ROS arguments', ConfigurationError(' '.join(str(error).split()))


def _ignore_signals() -> None:
    """Let no further SIGINT or SIGTERM kill a process that is about to exit.

    Python gives signals their default action back while it shuts down; ignored ones stay ignored.
    """
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


def _run_initialised(make_node: Callable[[], ManagedNode], stop: threading.Event) -> int:
    """Run a node in an initialised context; return the exit code."""
    try:
        node = make_node()
    except RlError as error:
        return _report('start', error)
    except (InvalidNamespaceException, InvalidNodeNameException) as error:
        return _report('start', ConfigurationError(str(error)))
    node.ended = stop
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def fail(error: RlError) -> None:
        if not stop.is_set():  # what breaks while all nodes end is no failure
            node.fail(error)

    thread = threading.Thread(target=_spin, args=(executor, fail), name='executor')
    with _errors_of_threads_told_to(node.fail):
        thread.start()
        try:
            if node.autostart:
                node.start()
            stop.wait()
        except DiskFullError:
            node.failure = None  # it waited for room, and was told to end
        except RlError as error:
            node.failure = error
        finally:
            # the executor still serves callbacks here, so that acknowledgements arrive
            node.deactivate()
            executor.shutdown()
            thread.join()
            node.close()
    failure, name = node.failure, node.get_fully_qualified_name()
    node.destroy_node()
    return _report(name, failure) if failure else 0


@contextmanager
def _errors_of_threads_told_to(fail: Callable[[RlError], None]) -> Iterator[None]:
    """Tell `fail` when a thread ends by an error; an unexpected one is printed whole, too."""
    usual = threading.excepthook

    def hook(ended: threading.ExceptHookArgs) -> None:
        error = ended.exc_value
        if not isinstance(error, RlError):
            usual(ended)
            name = ended.thread.name if ended.thread else 'unknown'
            error = RlError(f'thread {name!r} failed: {error!r}')
        fail(error)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = usual


def _spin(executor: SingleThreadedExecutor, fail: Callable[[RlError], None]) -> None:
    """Serve callbacks until the executor is shut down; tell `fail` if one of them raises.

    A process that went on without its callbacks would be deaf, and nobody would start it again.
    """
    try:
        executor.spin()
    except ExternalShutdownException:
        pass
    except RlError as error:
        fail(error)
    except Exception as error:
        # a handler that ends while the executor shuts down misses what rclpy has taken away
        late = isinstance(error, (AttributeError, rclpy_implementation.InvalidHandle))
        if late and getattr(executor, '_is_shutdown', False):
            return
        traceback.print_exc()
        fail(RlError(f'a callback failed: {error!r}'))


def _report(where: str, error: RlError) -> int:
    """Print an error in one piece; return the exit code for it."""
    print(f'error: {where}: {error}', file=sys.stderr, flush=True)
    return WRONG_CONFIGURATION if isinstance(error, ConfigurationError) else 1
