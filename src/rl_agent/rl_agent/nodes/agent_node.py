# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `agent` node: runs the policy on a robot and sends every transition to the learner."""

import os

from rl_agent.real_time.blas import blas_environment

os.environ.update(blas_environment(os.environ))  # before NumPy is imported

from collections.abc import Sequence
import math
from pathlib import Path
import sys
import threading
import time
import uuid

from rl_agent.bringup.evaluation_topics import is_evaluation_topic
from rl_agent.bringup.robot_parameters import AgentParameters
from rl_agent.control.agent import Agent, AgentListener, ENDED_STATES, STOPPED
from rl_agent.control.background_worker import BackgroundWorker
from rl_agent.control.decision_rehearsal import DecisionRehearsal
from rl_agent.control.episode_summary import EpisodeSummary
from rl_agent.control.ros_agent_status import AgentParts, StatusPublisher
from rl_agent.control.ros_step_publisher import StepPublisher
from rl_agent.control.ros_task_parameters import TaskParameters
from rl_agent.control.simulation_pacer import SimulationPacer
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, PolicyError, RlError
from rl_agent.event_log import EventLog
from rl_agent.policy.policy_file import load_policy
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.ros_policy_subscriber import PolicySubscriber
from rl_agent.real_time.keep_awake import kept_awake
from rl_agent.real_time.scheduling import prepare_process, prepare_thread, restore_process
from rl_agent.robot_interface.ros_lockstep_robot import LockstepRobot
from rl_agent.robot_interface.ros_realtime_robot import RealtimeRobot
from rl_agent.robot_interface.ros_robot_description import load_ros_robot, refuse_names_of_others
from rl_agent.ros.ros_event_log import log_reports, REPORT_PERIOD_S
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_other_publishers import OtherPublishers
from rl_agent.ros.ros_parameters import declare_parameters, follow_changes
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (first: it explains a missing rl_msgs)
from rl_agent.ros.ros_topics import (
    LEARNER_STATUS,
    POLICY,
    STATUS_QOS,
    steady_clock,
)
from rl_agent.safety.ros_emergency_stop import EmergencyStop
from rl_agent.safety.safety_filter import Tightening
from rl_agent.safety.safety_state import SafetyState
from rl_agent.transport.ros_uplink import Uplink
from rl_agent.transport.spool import Spool
from rl_agent.transport.spool_folder import SpoolFolder
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import RecordLayout
from rl_msgs.msg import LearnerStatus
from rl_msgs.srv import Evaluate

_SPOOL_S = 3600.0  # an hour of robot time
_SPOOL_IN_MEMORY_S = 60.0  # bridges a disk that stalls
_SPOOL_IN_MEMORY_LEAST = 4096  # simulated time may be fast
_FLUSH_S = 1.5
_LAST_STEP_S = 10.0
_COMPANY_S = 5.0  # who else commands the robot is looked for so often
_LISTEN_S = 1.0  # so that an emergency stop from before this start is heard before a robot moves


class AgentNode(ManagedNode):
    """Connects the plain `Agent` to ROS."""

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('agent')
        self._settings = declare_parameters(self, AgentParameters)
        follow_changes(self, self._settings, self._on_change)
        self._thread: threading.Thread | None = None
        self._deactivating = threading.Lock()

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def _on_change(self, settings: AgentParameters) -> None:
        """Take new values of live parameters."""
        self._settings = settings
        if hasattr(self, '_agent'):
            self._agent.explore, self._agent.max_steps = settings.explore, settings.max_steps

    def configure(self) -> None:
        """Read the description and connect to robot and learner; nothing moves."""
        parameters = self._settings
        description = load_ros_robot(parameters.robot)
        refuse_names_of_others(self, description)
        spaces = Spaces(description)
        namespace = self.get_namespace().strip('/')
        robot_id = parameters.robot_id or namespace or description.name
        self._sender = Sender(robot_id, uuid.uuid4().hex, spaces.fingerprint)
        self._events = EventLog()
        self._state = SafetyState(self._events)
        self._store = PolicyStore(spaces, self._events)
        if parameters.policy:
            self._offer_file(Path(parameters.policy).expanduser())
        self._spool_folder = self._open_spool_folder(spaces, description.rate_hz)
        self._spool = (
            self._spool_folder.spool
            if self._spool_folder
            else Spool(math.ceil(_SPOOL_S * description.rate_hz), self._sender.session)
        )
        self._listener = StepPublisher(self, spaces, self._sender)
        self._tally = EpisodeSummary(self._listener, self._events.tell)
        listener = self._tally if parameters.max_episodes else self._listener
        self._robot = self._make_robot(description)
        self._safety = EmergencyStop(
            self,
            self._state,
            description.safety.emergency_stop or description.safety.stop,
        )
        self._company = OtherPublishers(self, description.action.topic, self._events)
        self._connect_learner(listener)
        self._pacer = SimulationPacer(
            parameters.max_steps_ahead, unacknowledged=lambda: self._spool.pending
        )
        env = RobotEnv(
            self._robot,
            description,
            state=self._state,
            events=self._events,
            tightening=Tightening(parameters.action_scale, parameters.slew_scale),
        )
        self._task_parameters = TaskParameters(self, env)
        self._agent = Agent(
            env,
            self._store,
            self._spool,
            self._background if self._is_real_time else listener,
            seed=parameters.seed,
            explore=parameters.explore,
            max_steps=parameters.max_steps,
            max_episodes=parameters.max_episodes,
            pacer=self._pacer if parameters.max_steps_ahead else None,
            settle_late=self._is_real_time,
        )
        self._rehearsal = DecisionRehearsal(env, self._agent)
        self._connect()
        self.get_logger().info(
            f'{robot_id}: {description.name} with {spaces.observation_size} observations,'
            f' {spaces.action_size} actions, fingerprint {spaces.fingerprint}'
        )

    def activate(self) -> None:
        """Begin to move, once a policy is there."""
        self._robot.prepare()
        self._agent.prepare()
        if self._is_real_time:
            prepare_process()
        self._thread = threading.Thread(target=self._run, name='control', daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        """Bring the robot to a stop; hand over what the learner machine does not have.

        A service and a signal may ask for it at once: the second waits for the first.
        """
        with self._deactivating:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._end_control(thread)

    def _end_control(self, thread: threading.Thread) -> None:
        """See `deactivate`."""
        self._agent.stop()
        self._robot.stop_waiting(grace_s=1.0)
        thread.join(_LAST_STEP_S)
        if thread.is_alive():
            self.get_logger().error(
                'the control thread is stuck; the robot was stopped all the same'
            )
        if self._is_real_time:
            restore_process()
        if self._agent.state not in ENDED_STATES:
            self._agent.state = STOPPED  # it waited for a robot that did not answer
        self._background.wake()
        self._uplink.send()
        if not self._spool.wait_until_empty(_FLUSH_S):
            self._uplink.log_unacknowledged(kept=self._spool_folder is not None)
        self._say_reports()
        self._status.publish_last()

    def clean_up(self) -> None:
        """Disconnect."""
        self._background.close()
        self._uplink.close()
        self._policies.close()
        self._task_parameters.close()
        if self._spool_folder:
            self._spool_folder.close()
        self._robot.close()
        self._safety.close()
        if self._settings.max_episodes:
            self._events.tell(self._tally.summary())
        self._say_reports()
        self._listener.close()
        if self._pacing is not None:
            self.destroy_subscription(self._pacing)
        for timer in self._timers_of_agent:
            self.destroy_timer(timer)
        self._status.close()
        self.destroy_service(self._evaluate)

    def _offer_file(self, path: Path) -> None:
        """Begin with the policy of a file.

        Raises:
            ConfigurationError: it is no policy for this robot; starting again would not help.
        """
        try:
            self._store.offer(load_policy(path))
        except PolicyError as error:
            raise ConfigurationError(f'policy: given {path}: {error}') from error

    def _open_spool_folder(self, spaces: Spaces, rate_hz: float) -> SpoolFolder | None:
        """Return the robot's spool folder with what earlier sessions left; None: not wanted."""
        if not self._settings.spool_folder:
            return None
        folder = SpoolFolder(
            Path(self._settings.spool_folder).expanduser(),
            self._sender,
            RecordLayout(spaces.observation_size, spaces.action_size),
            capacity=math.ceil(_SPOOL_S * rate_hz),
            in_memory=max(_SPOOL_IN_MEMORY_LEAST, math.ceil(_SPOOL_IN_MEMORY_S * rate_hz)),
            report=self.get_logger().warning,
        )
        if folder.leftover:
            self.get_logger().info(
                f'{folder.leftover} transitions that were not acknowledged before are sent first'
            )
        return folder

    def _connect_learner(self, listener: AgentListener) -> None:
        """Create the ways to and from the learner machine, and the thread that has time for them.

        In real time that is just after a command; otherwise the executor serves them.
        """
        polled, period_s = self._is_real_time, self._settings.send_period_s
        self._policies = PolicySubscriber(self, self._store, polled=polled)
        self._uplink = Uplink(self, self._spool, self._sender, period_s, polled=polled)
        chores = (self._uplink.exchange, self._policies.poll) if polled else ()
        self._background = BackgroundWorker(listener, chores, period_s)

    def _connect(self) -> None:
        """Create what is not a part's own: pacing in, status out, evaluation."""
        self._pacing = None
        if self._settings.max_steps_ahead:
            self._pacing = self.create_subscription(
                LearnerStatus, LEARNER_STATUS, self._on_learner_status, STATUS_QOS
            )
        parts = AgentParts(
            self._sender,
            self._robot,
            self._agent,
            self._store,
            self._spool,
            self._uplink,
            self._state,
            self._events,
            self._listener,
        )
        self._status = StatusPublisher(self, parts)
        self._timers_of_agent = [
            self.create_timer(1.0, self._status.publish, clock=steady_clock()),
            self.create_timer(REPORT_PERIOD_S, self._say_reports, clock=steady_clock()),
            self.create_timer(_COMPANY_S, self._company.check, clock=steady_clock()),
        ]
        self._evaluate = self.create_service(Evaluate, '~/evaluate', self._on_evaluate)

    def _make_robot(self, description: RobotDescription) -> LockstepRobot | RealtimeRobot:
        """Return the robot: in lockstep with its /clock, or at a rate of the steady clock."""
        timeout_s = self._settings.robot_timeout_s
        if not self._is_real_time:
            return LockstepRobot(self, description, timeout_s)
        return RealtimeRobot(
            self,
            description,
            timeout_s,
            self._state,
            self._events,
            policy_heard_s=self._policy_heard_s,
            when_idle=self._when_idle,
            rehearse_decision=lambda reading: self._rehearsal.walk(reading),
            own_processor=self._settings.keep_awake,
        )

    def _policy_heard_s(self) -> float:
        """Return when the learner was last heard; a policy file on trial has none to lose."""
        return time.monotonic() if self._evaluates_a_file else self._store.heard_s

    @property
    def _evaluates_a_file(self) -> bool:
        """Whether this judges a policy file, away from all learners; see `evaluation_nodes`."""
        return bool(self._settings.policy) and is_evaluation_topic(self.resolve_topic_name(POLICY))

    def _when_idle(self) -> None:
        """Do on the control thread what can wait until a command has left."""
        self._agent.settle()
        self._background.wake()

    @property
    def _is_real_time(self) -> bool:
        """Whether control is paced by the steady clock, not by a simulation's."""
        return not self.get_parameter('use_sim_time').value

    def _run(self) -> None:
        """Run the agent until it ends; an error ends the process, which stops the robot first."""
        if not self._is_real_time:
            self._run_agent()
            return
        priority, cpu = self._settings.realtime_priority, self._settings.control_cpu
        for line in prepare_thread(priority, cpu):
            self._events.tell(line)
        with kept_awake(cpu if self._settings.keep_awake else -1, self._events.tell):
            self._run_agent()

    def _run_agent(self) -> None:
        """See `_run`."""
        try:
            self._agent.state = 'waiting for the robot'
            self._robot.wait_until_heard()
            if self._is_real_time:
                time.sleep(_LISTEN_S)
            self._agent.run()
            self._robot.rest()
            if self._settings.max_episodes and not self._agent.stopping:
                self.ended.set()
        except RlError:
            if not self._agent.stopping:
                raise

    def _on_learner_status(self, message: LearnerStatus) -> None:
        """Note how far training is behind."""
        self._pacer.report(message.backlog)

    def _on_evaluate(
        self, request: Evaluate.Request, response: Evaluate.Response
    ) -> Evaluate.Response:
        """Ask the agent for deterministic episodes."""
        self._agent.evaluate(request.episodes)
        response.success = True
        response.message = f'{request.episodes} deterministic episodes after the current one'
        return response

    def _say_reports(self) -> None:
        """Log what there is to say."""
        log_reports(self, self._events)


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(AgentNode, args))


if __name__ == '__main__':
    main()
