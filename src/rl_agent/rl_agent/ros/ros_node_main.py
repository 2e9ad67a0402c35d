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

"""Start and end of a node, as launch files, terminals and supervisors expect it.

SIGINT and SIGTERM, once or several times, end the node in order: it stops, sends what is pending
while its connections still work, and the process exits with 0. An expected error prints one line
to stderr and exits with 1, or with 2 for a wrong configuration, where a restart cannot help. An
error on any other thread ends the process, too: without that thread it would look alive, and no
supervisor would restart it.
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
from rl_agent.system.log_folder import log_folder_error
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(make_node: Callable[[], ManagedNode], args: Sequence[str] | None = None) -> int:
    """Run a node until it ends or a signal comes; return the exit code."""
    stop = SignalSafeEvent()
    set_by_signals(stop, *_STOP_SIGNALS)
    try:
        rclpy.init(
            args=list(args) if args else None, signal_handler_options=SignalHandlerOptions.NO
        )
    except Exception as error:  # raised by rclpy's C extension, without a public type
        return _report(*ros_init_error(error))
    try:
        return _run_initialised(make_node, stop)
    finally:
        try_shutdown()
        _ignore_signals()


def ros_init_error(error: Exception) -> tuple[str, ConfigurationError]:
    """Return the subject and the error to report if ROS cannot be initialised."""
    if problem := log_folder_error():
        return 'ROS logs', ConfigurationError(
            f'given {problem}; accepted: ROS_LOG_DIR=FOLDER in the environment, a folder to write'
            ' in'
        )
    return 'ROS arguments', ConfigurationError(' '.join(str(error).split()))


def _ignore_signals() -> None:
    """Ignore SIGINT and SIGTERM in a process that is about to exit.

    Python restores default actions of signals during shutdown, but not of ignored ones.
    """
    for number in _STOP_SIGNALS:
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
        if not stop.is_set():  # errors while all nodes end are expected
            node.fail(error)

    thread = threading.Thread(target=_spin, args=(executor, fail), name='executor')
    with _thread_errors_passed_to(node.fail):
        thread.start()
        try:
            if node.autostart:
                node.start()
            stop.wait()
        except DiskFullError:
            node.failure = None  # it was stopped while it waited for disk space
        except RlError as error:
            node.failure = error
        finally:
            # the executor still runs here, so that acknowledgements arrive
            node.deactivate()
            executor.shutdown()
            thread.join()
            node.close()
    failure, name = node.failure, node.get_fully_qualified_name()
    node.destroy_node()
    return _report(name, failure) if failure else 0


@contextmanager
def _thread_errors_passed_to(fail: Callable[[RlError], None]) -> Iterator[None]:
    """Call `fail` when an error ends a thread; also print the traceback of an unexpected one."""
    previous = threading.excepthook

    def hook(ended: threading.ExceptHookArgs) -> None:
        error = ended.exc_value
        if not isinstance(error, RlError):
            previous(ended)
            name = ended.thread.name if ended.thread else 'unknown'
            error = RlError(f'thread {name!r} failed: {error!r}')
        fail(error)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = previous


def _spin(executor: SingleThreadedExecutor, fail: Callable[[RlError], None]) -> None:
    """Run the executor until it is shut down; call `fail` if a callback raises.

    Without callbacks the process would look alive, and no supervisor would restart it.
    """
    try:
        executor.spin()
    except ExternalShutdownException:
        pass
    except RlError as error:
        fail(error)
    except Exception as error:
        # rclpy destroys objects that a callback may still use while the executor shuts down
        late = isinstance(error, (AttributeError, rclpy_implementation.InvalidHandle))
        if late and getattr(executor, '_is_shutdown', False):
            return
        traceback.print_exc()
        fail(RlError(f'a callback failed: {error!r}'))


def _report(where: str, error: RlError) -> int:
    """Print an error as one line; return its exit code."""
    print(f'error: {where}: {error}', file=sys.stderr, flush=True)
    return WRONG_CONFIGURATION if isinstance(error, ConfigurationError) else 1
