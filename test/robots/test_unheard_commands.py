# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Commands that nobody hears: named by agent, RosEnv and check_robot, and nothing is stored.

Reported of real robots: a base that takes Twist where TwistStamped is sent (andino#281,
ros2_controllers#1453), a driver that subscribes transient local (PX4-Autopilot#20624).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
import contextlib
from functools import partial
from pathlib import Path
import time
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from fleet import Listener, namespace_of, run_module, running, SpinningListener, with_helpers
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.utilities import try_shutdown
from rl_agent.bringup.node_specs import agent
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import RobotError
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_agent.robot_interface.ros_command_listeners import COMMAND_UNHEARD
from rl_agent.ros.ros_topics import DIAGNOSTICS_QOS, STATUS_QOS
from rl_agent.ros_env import RosEnv
from rl_msgs.msg import AgentStatus
from std_srvs.srv import Empty

WITHIN_S = 90.0
STAMPED = 'geometry_msgs/msg/TwistStamped'
LATCHED = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
DEADLINE = QoSProfile(depth=5, deadline=Duration(seconds=1))
pytestmark = pytest.mark.timeout(300)
PUSH = np.array([1.0, 0.0], np.float32)
BASE = """
name: base
rate_hz: 20
episode_steps: 1000000
observation:
  - {name: speed, topic: odom, type: nav_msgs/msg/Odometry, field: twist.twist.linear.x, unit: m/s}
action: {topic: cmd_vel, type: geometry_msgs/msg/TwistStamped, unit: m/s,
         fields: [twist.linear.x, twist.angular.z], low: [-0.1, -1.0], high: [0.3, 1.0]}
task: {name: 'idle_task:IdleTask'}
reset: {service: reset, service_type: std_srvs/srv/Empty}
safety: {sensor_watchdog: {max_age_s: 20.0}, command_watchdog: {max_age_s: 20.0}}
"""


class Unfit(NamedTuple):
    """A subscriber that does not hear the commands, and what has to be said of it."""

    node: str
    kind: type
    qos: Any
    said: str


UNFIT = {
    'other_type': Unfit(
        'driver',
        Twist,
        BEST_EFFORT,
        f'type: given geometry_msgs/msg/Twist; accepted: {STAMPED}; subscribers: NS/driver with'
        ' geometry_msgs/msg/Twist (best effort, volatile)',
    ),
    'latched': Unfit(
        'driver',
        TwistStamped,
        LATCHED,
        'quality of service: given volatile publisher and transient local subscription; accepted:'
        ' a subscription compatible with reliable, volatile; subscribers: NS/driver with'
        f' {STAMPED} (reliable, transient local)',
    ),
    'deadline': Unfit(
        'driver',
        TwistStamped,
        DEADLINE,
        'quality of service: given subscription deadline is less than publisher deadline',
    ),
    'onlooker': Unfit(
        '_ros2cli_7',
        TwistStamped,
        10,
        'given onlookers only; accepted: a node that moves the robot; subscribers: NS/_ros2cli_7',
    ),
    'recorder': Unfit(
        'rosbag2_recorder', TwistStamped, 10, 'given onlookers only; accepted: a node'
    ),
}


class Base(SpinningListener):
    """Publishes odometry at 50 Hz and offers a reset, whether it hears commands or not.

    Attributes:
        speeds: of the commands heard, m/s.
    """

    def __init__(self, namespace: str) -> None:
        """Start without a subscription of commands."""
        super().__init__()
        self.namespace = f'/{namespace}'
        self.speeds: list[float] = []
        self._others: list[Node] = []
        self._driver = Node('base', context=self._context, namespace=self.namespace)
        self.executor.add_node(self._driver)
        self._odometry = self._driver.create_publisher(Odometry, 'odom', 10)
        self._driver.create_timer(0.02, self._publish)
        self._driver.create_service(Empty, 'reset', lambda request, response: response)

    def subscribe(self) -> Any:
        """Hear commands; return the subscription."""
        return self._driver.create_subscription(TwistStamped, 'cmd_vel', self._on_command, 10)

    def unsubscribe(self, subscription: Any) -> None:
        """Hear no commands any more."""
        self._driver.destroy_subscription(subscription)

    def add_subscriber(self, name: str, kind: type = TwistStamped, qos: Any = 10) -> None:
        """Add another node that subscribes to commands; DDS allows one type of it a process."""
        context = Context()
        rclpy.init(context=context)
        node = Node(name, context=context, namespace=self.namespace)
        node.create_subscription(kind, 'cmd_vel', print, qos)
        self._others.append(node)

    def close(self) -> None:
        """Leave, with all nodes."""
        super().close()
        for node in self._others:
            node.destroy_node()
            try_shutdown(context=node.context)

    def _publish(self) -> None:
        """Publish odometry."""
        message = Odometry()
        message.header.stamp = self.node.get_clock().now().to_msg()
        self._odometry.publish(message)

    def _on_command(self, message: Any) -> None:
        """Note a command."""
        self.speeds.append(getattr(message, 'twist', message).linear.x)


@pytest.fixture
def base(ros_environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Base]:
    """Return a robot in a namespace of the test's own."""
    made = Base(namespace_of(request.node.name))
    yield made
    made.close()


@pytest.fixture
def description(tmp_path: Path) -> str:
    path = tmp_path / 'base.yaml'
    path.write_text(BASE)
    return str(path)


@contextlib.contextmanager
def environment(description: str, base: Base, **options: Any) -> Iterator[RosEnv]:
    given = {'real_time': True, 'robot_timeout_s': WITHIN_S, **options}
    with RosEnv(description, base.namespace.strip('/'), **given) as env:
        yield env


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    deadline_s = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline_s, f'waited {WITHIN_S:g} s in vain: {what}'
        time.sleep(0.02)


def counted(env: RosEnv) -> int:
    """Return how often it was noticed that nobody hears the commands."""
    return env._events.counts().get(COMMAND_UNHEARD, 0)


def drive_until_observed(env: RosEnv) -> dict[str, Any]:
    """Step through new episodes until a step is observed; return its info."""
    for _ in range(20):
        *_, truncated, info = env.step(PUSH)
        if info['observed']:
            return info
        assert truncated
        env.reset()
    raise AssertionError('20 unobserved steps')


@pytest.mark.parametrize('name', ['nobody', *UNFIT])
def test_an_episode_begins_only_when_somebody_hears_the_commands(
    base: Base, description: str, name: str
) -> None:
    said = f'{base.namespace}/cmd_vel: no subscriber'
    if name in UNFIT:
        unfit = UNFIT[name]
        base.add_subscriber(*unfit[:3])
        said = unfit.said.replace('NS', base.namespace)
    with ThreadPoolExecutor(1) as pool, environment(description, base) as env:
        episode: Future[Any] = pool.submit(env.reset)
        until(lambda: said in env.state.summary, said)
        assert env.state.summary.startswith(f'{COMMAND_UNHEARD}: nobody hears {base.namespace}')
        assert f'offered: {STAMPED} (reliable, volatile)' in env.state.summary
        assert not env.state.is_latched
        assert not episode.done()
        base.subscribe()
        episode.result(WITHIN_S)
        assert env.state.summary == 'ok'
        assert counted(env) >= 1
        assert drive_until_observed(env)['command'][0] == pytest.approx(0.3)
        until(lambda: 0.3 in [round(speed, 6) for speed in base.speeds], 'the push')


def test_a_reason_that_changes_is_told_anew(base: Base, description: str) -> None:
    """The base is started after the agent, and takes another type."""
    with ThreadPoolExecutor(1) as pool, environment(description, base) as env:
        episode: Future[Any] = pool.submit(env.reset)
        until(lambda: 'no subscriber' in env.state.summary, 'nobody')
        base.add_subscriber('driver', Twist)
        until(lambda: 'type: given geometry_msgs/msg/Twist' in env.state.summary, 'the type')
        assert not episode.done()
        env.stop_waiting()


def test_a_subscriber_that_is_found_late_is_no_alarm(base: Base, description: str) -> None:
    with ThreadPoolExecutor(1) as pool, environment(description, base) as env:
        episode: Future[Any] = pool.submit(env.reset)
        time.sleep(1.0)  # much less than the time that discovery is given
        assert not episode.done()
        base.subscribe()
        episode.result(WITHIN_S)
        assert counted(env) == 0


def test_a_step_that_nobody_heard_is_not_observed(base: Base, description: str) -> None:
    """A subscriber may come and go."""
    subscription = base.subscribe()
    with ThreadPoolExecutor(1) as pool, environment(description, base) as env:
        env.reset()
        assert drive_until_observed(env)['observed']
        base.unsubscribe(subscription)
        until(lambda: not env.step(PUSH)[4]['observed'], 'a step that nobody hears')
        *_, truncated, info = env.step(PUSH)
        assert (truncated, info['observed'], info['intervention']) == (True, False, True)
        assert info['stop'].startswith(f'{COMMAND_UNHEARD}: nobody hears {base.namespace}/cmd_vel')
        episode: Future[Any] = pool.submit(env.reset)
        time.sleep(0.5)
        assert not episode.done()
        base.subscribe()
        episode.result(WITHIN_S)
        assert drive_until_observed(env)['observed']
        assert counted(env) >= 1


def test_a_relay_hears_the_commands(base: Base, description: str) -> None:
    """Also beside a subscriber of another type, and one that is recording."""
    base.add_subscriber('driver', Twist)
    base.add_subscriber('rosbag2_recorder')
    base.add_subscriber('twist_mux', TwistStamped, BEST_EFFORT)
    with environment(description, base) as env:
        env.reset()
        assert drive_until_observed(env)['observed']
        assert counted(env) == 0


def test_without_real_time_silence_is_an_error_with_the_reason(
    base: Base, description: str
) -> None:
    """The simulation runs by itself, so that it seems to answer commands."""
    base.add_subscriber('driver', Twist)
    with environment(description, base, real_time=False, robot_timeout_s=8.0) as env:
        with pytest.raises(
            RobotError, match=r'type: given geometry_msgs/msg/Twist; accepted: geo'
        ):
            env.reset()
        assert counted(env) == 1
        subscription = base.subscribe()
        env.reset()
        assert drive_until_observed(env)['observed']
        base.unsubscribe(subscription)
        until(lambda: counted(env) >= 2, 'that nobody hears')
        with pytest.raises(RobotError, match=r'nobody hears .*/cmd_vel: type: given'):
            env.step(PUSH)


def constant_policy(path: Path, description: str) -> Path:
    """Write a policy that pushes all the time; return its file."""
    spaces = Spaces(load_robot(description))
    architecture = PolicyArchitecture(1, 2, (4,), distribution='deterministic')
    numbers = np.zeros(architecture.num_parameters, np.float32)
    save_policy(
        path,
        PolicyParameters(
            architecture,
            numbers,
            version=1,
            fingerprint=spaces.fingerprint,
            learner_session='test',
        ),
    )
    return path


def test_an_agent_tells_it_and_stores_nothing(
    base: Base, description: str, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    policy = constant_policy(tmp_path / 'constant.npz', description)
    spec = agent(description, base.namespace.strip('/'), spool_folder='', policy=str(policy))
    base.add_subscriber(*UNFIT['other_type'][:3])
    topics = {
        f'{base.namespace}/agent_status': (AgentStatus, STATUS_QOS),
        '/diagnostics': (DiagnosticArray, DIAGNOSTICS_QOS),
    }
    listener = Listener(topics)
    status, diagnostics = listener.heard.values()
    said = UNFIT['other_type'].said.replace('NS', base.namespace)

    def until_status(condition: Callable[[AgentStatus], bool], what: str) -> AgentStatus:
        listener.until(lambda: bool(status) and condition(status[-1]), WITHIN_S, what)
        return status[-1]

    try:
        with running([spec], with_helpers(ros_environment), tmp_path):
            until_status(lambda item: said in item.safety_state, said)
            heard = until_status(lambda item: item.state == 'held by safety', 'the state')
            assert (heard.steps, heard.transitions_pending, heard.safety_latched) == (0, 0, False)
            assert COMMAND_UNHEARD in heard.event_names
            listener.until(
                lambda: any(said in item.message for one in diagnostics for item in one.status),
                WITHIN_S,
                'the diagnostic',
            )
            subscription = base.subscribe()
            until_status(lambda item: item.steps > 20, 'steps')
            base.unsubscribe(subscription)
            before = until_status(lambda item: said in item.safety_state, 'the second time')
            status.clear()
            until_status(lambda item: len(status) > 2, 'more statuses')
            assert status[-1].steps == before.steps == status[-1].transitions_pending
        log = (tmp_path / f'{spec.name}.log').read_text(encoding='utf-8')
        # a known thing is not told again and again; the base that leaves is another matter
        assert 1 <= log.count(f'{COMMAND_UNHEARD}: nobody') <= 4, log
    finally:
        listener.close()


@pytest.mark.parametrize('name', UNFIT)
def test_the_check_of_a_robot_compares_types_and_qualities(
    base: Base, description: str, ros_environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    unfit = UNFIT[name]
    base.add_subscriber(*unfit[:3])
    words = (description, '--namespace', base.namespace, '--seconds', '2')
    check = partial(
        run_module,
        'rl_agent.robot_check.check_robot',
        *words,
        environment=with_helpers(ros_environment),
        cwd=tmp_path,
    )
    said = f'(command): {unfit.said}'.replace('NS', base.namespace)
    result = check()
    for _ in range(4):  # on a busy machine discovery may take longer than it listens
        if said not in result.stdout:
            result = check()
    assert result.returncode == 1, result.stdout + result.stderr
    assert said in result.stdout
    base.add_subscriber('relay', TwistStamped, BEST_EFFORT)
    for _ in range(5):
        if '(command): ' not in (result := check()).stdout:
            break
    assert '(command): ' not in result.stdout, result.stdout
