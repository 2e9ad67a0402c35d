# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Resets in real time: pose, service, person, limits."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
import contextlib
from pathlib import Path
import time
from typing import Any

from fleet import SpinningListener
import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.description.safety import ReactionDescription
from rl_agent.errors import StoppedError
from rl_agent.ros_env import RosEnv
from rl_agent.safety.safety_state import Stop
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray
from std_srvs.srv import Trigger

WITHIN_S = 30.0
GOAL, LONG_S = 0.5, 0.6  # longer than the largest age of the command watchdog
ARM = """
name: arm
rate_hz: 50
episode_steps: 100
observation:
  - {name: where, topic: joint_states, type: sensor_msgs/msg/JointState, field: position,
     joints: [pan], unit: rad}
  - {name: torque, topic: joint_states, type: sensor_msgs/msg/JointState, field: effort,
     joints: [pan], unit: N m}
action: {topic: targets, type: std_msgs/msg/Float64MultiArray, joints: [pan], unit: rad,
         low: [-1], high: [1], default: [0.5]}
task: {name: 'idle_task:IdleTask'}
reset: RESET
safety:
  stop: {reaction: hold}
  sensor_watchdog: {max_age_s: 5.0}
  limits: [{name: push, observation: torque, low: [-5.0], high: [5.0]}]
"""
TO_POSE = 'move_to_pose: {field: where, seconds: 0.5, tolerance: 0.05}'
Episode = tuple[NDArray[np.float32], dict[str, Any]]


class Arm(SpinningListener):
    """One joint that reaches its command at once; it publishes its state at 100 Hz.

    Attributes:
        position: rad.
        torque: N m.
        stamped: whether its messages have stamps.
        silent: whether it publishes nothing.
        resets: number of calls of the reset service.
        before_reset: called at each of them; returns whether the reset succeeds.
        commands: all received commands.
    """

    def __init__(self) -> None:
        """Start publishing."""
        super().__init__()
        self.position, self.torque, self.stamped, self.silent = -0.5, 0.0, True, False
        self.commands: list[float] = []
        self.before_reset: Callable[[], bool] = lambda: True
        self._states = self.node.create_publisher(JointState, 'joint_states', 10)
        self.stop_topic = self.node.create_publisher(Bool, 'emergency_stop', 10)
        self.node.create_subscription(Float64MultiArray, 'targets', self._on_command, 10)
        self.resets = 0
        self.offer_reset()
        self.node.create_timer(0.01, self._publish)

    def offer_reset(self, *, offer: bool = True) -> None:
        """Offer or withdraw the reset service."""
        if offer:
            self._service = self.node.create_service(Trigger, 'reset', self._on_reset)
        else:
            self.node.destroy_service(self._service)

    def _publish(self) -> None:
        """Publish the state."""
        message = JointState(name=['pan'], position=[self.position], effort=[self.torque])
        if self.silent:
            return
        if self.stamped:
            message.header.stamp = self.node.get_clock().now().to_msg()
        self._states.publish(message)

    def _on_command(self, message: Float64MultiArray) -> None:
        """Move to the command."""
        self.commands.append(message.data[0])
        self.position = message.data[0]

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Reset to the other end."""
        self.resets += 1
        response.success = self.before_reset()
        self.position = 0.9
        return response

    def ask(self, service: str) -> bool:
        """Call a service of the environment; return its answer."""
        client = self.node.create_client(Trigger, f'rl_env/{service}')
        assert client.wait_for_service(WITHIN_S)
        response: Any = client.call(Trigger.Request())
        return bool(response.success)


@pytest.fixture
def arm(ros_environment: dict[str, str]) -> Iterator[Arm]:
    made = Arm()
    yield made
    made.close()


@pytest.fixture
def env_of(tmp_path: Path) -> Iterator[Callable[[str], RosEnv]]:
    """Return a function that makes the arm's environment with the given reset."""
    with contextlib.ExitStack() as stack:

        def make(reset: str) -> RosEnv:
            path = tmp_path / 'arm.yaml'
            path.write_text(ARM.replace('RESET', f'{{{reset}}}'))
            env = RosEnv(str(path), real_time=True, robot_timeout_s=WITHIN_S)
            return stack.enter_context(contextlib.closing(env))

        yield make


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    deadline_s = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline_s, f'waited {WITHIN_S:g} s in vain: {what}'
        time.sleep(0.01)


def test_a_person_may_take_time_to_confirm_after_the_move_to_a_pose(
    arm: Arm, env_of: Callable[[str], RosEnv], pool: ThreadPoolExecutor
) -> None:
    env = env_of(f'{TO_POSE}, person: true')
    episode: Future[Episode] = pool.submit(env.reset)
    until(lambda: arm.commands[-1:] == [GOAL], 'the pose')
    time.sleep(LONG_S)
    sent = len(arm.commands)
    assert arm.ask('confirm_reset')
    np.testing.assert_allclose(episode.result(WITHIN_S)[0], [GOAL, 0.0], atol=1e-6)
    assert env.state.summary == 'ok'
    assert len(arm.commands) == sent, 'once confirmed nothing moves before the episode'
    assert not arm.ask('confirm_reset')


def test_limits_apply_during_the_move_to_a_pose(
    arm: Arm, env_of: Callable[[str], RosEnv], pool: ThreadPoolExecutor
) -> None:
    env = env_of(TO_POSE)
    episode: Future[Episode] = pool.submit(env.reset)
    until(lambda: arm.position > -0.3, 'the way')
    arm.torque = 50.0  # it pushes against something
    until(lambda: env.state.stop is not None, 'the stop')
    assert env.state.summary.startswith('limit/push: ')
    time.sleep(LONG_S)
    assert arm.position < 0.3, 'it goes no further'
    assert not arm.ask('rearm')
    arm.torque = 0.0
    until(lambda: arm.ask('rearm'), 'the re-arm')
    assert arm.ask('start')
    np.testing.assert_allclose(episode.result(WITHIN_S)[0], [GOAL, 0.0], atol=1e-6)


def test_a_robot_beyond_a_limit_is_not_moved_to_a_pose(
    arm: Arm, env_of: Callable[[str], RosEnv], pool: ThreadPoolExecutor
) -> None:
    env, arm.torque = env_of(TO_POSE), 50.0
    episode: Future[Episode] = pool.submit(env.reset)
    until(lambda: env.state.stop is not None, 'the stop')
    time.sleep(LONG_S)
    assert arm.position == -0.5
    assert set(arm.commands) <= {-0.5}
    arm.torque = 0.0
    until(lambda: arm.ask('rearm'), 'the re-arm')
    assert arm.ask('start')
    episode.result(WITHIN_S)


def test_a_stop_before_the_first_command_of_the_move_ends_the_reset(
    arm: Arm, env_of: Callable[[str], RosEnv], pool: ThreadPoolExecutor
) -> None:
    """Even if the stop has ended by then and the robot is at rest."""
    env = env_of(TO_POSE)
    env.reset()
    arm.silent = True
    episode: Future[Episode] = pool.submit(env.reset)
    time.sleep(0.3)  # it waits for a reading
    sent = len(arm.commands)
    env.stop_waiting()
    assert env._ros_robot is not None
    env._ros_robot.stop_waiting(WITHIN_S)
    arm.silent = False
    with pytest.raises(StoppedError, match='reset: stopped'):
        episode.result(WITHIN_S)
    assert set(arm.commands[sent:]) <= {GOAL}


def test_a_reset_service_is_not_called_while_a_stop_is_in_force(
    arm: Arm, env_of: Callable[[str], RosEnv], pool: ThreadPoolExecutor
) -> None:
    """The stop began before the service was available."""
    env = env_of('service: reset')
    arm.offer_reset(offer=False)
    episode: Future[Episode] = pool.submit(env.reset)
    time.sleep(0.3)
    assert arm.ask('emergency_stop')
    arm.offer_reset()
    time.sleep(LONG_S)
    assert arm.resets == 0
    assert arm.ask('rearm')
    assert arm.ask('start')
    episode.result(WITHIN_S)
    assert arm.resets == 1


def test_a_reset_that_fails_under_a_stop_is_tried_again_after_the_rearm(
    arm: Arm, env_of: Callable[[str], RosEnv], pool: ThreadPoolExecutor
) -> None:
    """A new process would not know of the stop."""
    env = env_of('service: reset')

    def fail() -> bool:
        env.state.begin(Stop('test', 'of a test', ReactionDescription(), True, lambda: None))
        return False

    arm.before_reset = fail
    episode: Future[Episode] = pool.submit(env.reset)
    until(lambda: env.state.is_latched, 'the stop')
    time.sleep(LONG_S)
    assert not episode.done()
    assert arm.resets == 1
    arm.before_reset = lambda: True
    assert arm.ask('rearm')
    assert arm.ask('start')
    episode.result(WITHIN_S)
    assert arm.resets == 2


def test_an_emergency_stop_before_confirmation_holds_the_pose_after_the_service(
    arm: Arm, env_of: Callable[[str], RosEnv], pool: ThreadPoolExecutor
) -> None:
    """Not the pose of the last command or the last episode."""
    env = env_of('service: reset, person: true')
    episode: Future[Episode] = pool.submit(env.reset)
    until(lambda: arm.position == 0.9, 'the service')
    until(lambda: arm.ask('confirm_reset'), 'the first episode')
    episode.result(WITHIN_S)
    env.step(np.full(1, -0.8, np.float32))
    until(lambda: arm.position == pytest.approx(-0.8), 'the first step')
    episode = pool.submit(env.reset)
    until(lambda: arm.position == 0.9, 'the service')
    time.sleep(LONG_S)
    sent = len(arm.commands)
    assert arm.ask('emergency_stop')
    until(lambda: len(arm.commands) > sent + 5, 'the reaction')
    assert set(arm.commands[sent:]) == {0.9}
    assert arm.ask('rearm')
    assert arm.ask('start')
    until(lambda: arm.ask('confirm_reset'), 'the second episode')
    episode.result(WITHIN_S)


def test_without_a_measured_pose_the_first_command_starts_at_the_last_one(
    arm: Arm, env_of: Callable[[str], RosEnv], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), 'ARM', ARM.replace('unit: rad}', 'transform: sin}', 1))
    monkeypatch.setitem(globals(), 'ARM', ARM.replace('hold}', 'hold}\n  slew_per_s: [1.0]', 1))
    env = env_of('service: reset')
    env.reset()
    for _ in range(20):
        *_, info = env.step(np.full(1, -0.8, np.float32))
    last = info['command'][0]
    env.reset()
    *_, info = env.step(np.full(1, -0.8, np.float32))
    assert abs(info['command'][0] - last) <= 1.0 / 50 + 1e-9


def test_a_driver_may_leave_its_stamps_at_zero(arm: Arm, env_of: Callable[[str], RosEnv]) -> None:
    arm.stamped = False
    observation, _ = env_of('service: reset').reset()
    assert observation[0] == pytest.approx(0.9)
