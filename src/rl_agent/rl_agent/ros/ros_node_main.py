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
from typing import Any

import rclpy
from rclpy.exceptions import InvalidNamespaceException, InvalidNodeNameException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions
from rclpy.subscription import Subscription
from rclpy.utilities import try_shutdown
from rl_agent.bringup.node_specs import WRONG_CONFIGURATION
from rl_agent.errors import ConfigurationError, DiskFullError, RlError
from rl_agent.ros.ros_qos_mismatch import publisher_events, subscription_events
from rl_agent.system.log_folder import why_no_logs
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent

_ENDING = (signal.SIGINT, signal.SIGTERM)


class ManagedNode(LifecycleNode):
    """A lifecycle node whose steps may raise expected errors.

    Subclasses override `configure`, `activate`, `deactivate` and `clean_up`; an `RlError` there
    is logged and makes the transition fail. `fail` ends the process from any thread.
    """

    def __init__(self, name: str) -> None:
        """Create the node, unconfigured."""
        super().__init__(name)
        self.failure: RlError | None = None
        self._configured = False
        self.ended = threading.Event()

    def create_publisher(
        self, msg_type: Any, topic: str, qos_profile: Any, **options: Any
    ) -> Publisher:
        """Return a publisher, see rclpy; a subscriber that cannot hear it is logged."""
        options.setdefault('event_callbacks', publisher_events(self, topic, qos_profile))
        return super().create_publisher(msg_type, topic, qos_profile, **options)

    def create_subscription(
        self, msg_type: Any, topic: str, callback: Any, qos_profile: Any, **options: Any
    ) -> Subscription:
        """Return a subscription, see rclpy; a publisher that it cannot hear is logged."""
        options.setdefault('event_callbacks', subscription_events(self, topic, qos_profile))
        return super().create_subscription(msg_type, topic, callback, qos_profile, **options)

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return True

    def configure(self) -> None:
        """Read, validate, connect; nothing moves."""

    def activate(self) -> None:
        """Begin to work."""

    def deactivate(self) -> None:
        """Stop safely and hand over what is held."""

    def clean_up(self) -> None:
        """Forget the configuration."""

    def fail(self, error: RlError) -> None:
        """End the process with this error, unless another one came first."""
        self.failure = self.failure or error
        self.ended.set()

    def close(self) -> None:
        """Clean up what is still configured."""
        if self._configured:
            self._configured = False
            self.clean_up()

    def start(self) -> None:
        """Configure and activate.

        Raises:
            RlError: either fails.
        """
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                raise self.failure or RlError(f'{self.get_name()} could not be started')

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        result = self._attempt(self.configure)
        self._configured = result == TransitionCallbackReturn.SUCCESS
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        super().on_activate(state)
        return self._attempt(self.activate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        result = self._attempt(self.deactivate)
        super().on_deactivate(state)
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        self._configured = False
        return self._attempt(self.clean_up)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        try:
            self._attempt(self.deactivate)
        finally:
            self.ended.set()
        return TransitionCallbackReturn.SUCCESS

    def _attempt(self, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Run one step; an expected error fails the transition."""
        if not self.ended.is_set():
            self.failure = None  # an earlier attempt's; this one may go well
        try:
            step()
        except RlError as error:
            self.failure = error
            if not self.autostart:
                self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        except Exception:
            traceback.print_exc()  # rclpy would say nothing of it
            raise
        return TransitionCallbackReturn.SUCCESS


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
