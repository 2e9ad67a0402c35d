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

"""The agent with its robot and its way to the learner machine, for either kind of time."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from rl_agent.control.agent import Agent, AgentListener, ENDED_STATES, STOPPED, WAITING
from rl_agent.control.ros_agent_parts import AgentParts
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import RlError
from rl_agent.policy.ros_policy_subscriber import PolicySubscriber
from rl_agent.real_time.chore import Chore
from rl_agent.robot_interface.ros_lockstep_robot import LockstepRobot
from rl_agent.robot_interface.ros_realtime_robot import RealtimeRobot
from rl_agent.safety.safety_filter import Tightening
from rl_agent.simulation.standalone_robot import StandaloneRobot
from rl_agent.transport.ros_uplink import Uplink

_STOP_GRACE_S = 1.0


class ControlLoop(ABC):
    """Runs the agent on its robot; `LockstepLoop` and `RealtimeLoop` put the parts together.

    Attributes:
        robot: the robot's topics, or the robot itself.
        uplink: to the learner machine.
        env: the robot as an environment.
        agent: runs episodes.
        hand: of a person; None: there is none.
    """

    def __init__(
        self,
        parts: AgentParts,
        robot: LockstepRobot | RealtimeRobot | StandaloneRobot,
        uplink: Uplink,
        policies: PolicySubscriber,
        listener: AgentListener,
        *,
        defer_spooling: bool,
    ) -> None:
        """Make environment and agent.

        Args:
            parts: that do not depend on time.
            robot: the robot's topics, or the robot itself.
            uplink: to the learner machine.
            policies: from the learner machine.
            listener: of the agent.
            defer_spooling: see `Agent`.
        """
        settings = parts.settings
        self.robot, self.uplink, self._policies = robot, uplink, policies
        self.hand = parts.hand
        self.env = RobotEnv(
            robot,
            parts.description,
            state=parts.state,
            events=parts.events,
            tightening=Tightening(settings.action_scale, settings.slew_scale),
            takeover=self.hand.takeover if self.hand else None,
            words=parts.words,
        )
        self.agent = Agent(
            self.env,
            parts.store,
            parts.spool,
            listener,
            seed=settings.seed,
            explore=settings.explore,
            max_steps=settings.max_steps,
            max_episodes=settings.max_episodes,
            pacer=parts.pacer,
            keeper=parts.spool if parts.holds_episodes else None,
            only_successes=settings.only_successes,
            defer_spooling=defer_spooling,
        )
        self.add_chores(robot.chores)
        if self.hand:
            self.add_chores(self.hand.chores)

    @abstractmethod
    def add_chores(self, chores: Sequence[Chore]) -> None:
        """Do chores regularly from now on, until `close`."""

    def prepare(self) -> None:
        """Get ready for `run`, also after a `stop`."""
        self.robot.prepare()
        self.agent.prepare()

    def run(self) -> bool:
        """Run the agent on this thread, the control thread.

        Returns:
            whether the agent ended by itself, without `stop`.

        Raises:
            RlError: the robot does not answer.
        """
        try:
            self.agent.state = f'{WAITING} the robot'
            self._wait_for_robot()
            self.agent.run()
            self.robot.rest()
        except RlError:
            if not self.agent.stopping:
                raise
        return not self.agent.stopping

    def stop(self) -> None:
        """Bring the robot to a stop, so that `run` returns soon; call it on another thread."""
        self.agent.stop()
        self.robot.stop_waiting(grace_s=_STOP_GRACE_S)

    def finish(self) -> None:
        """Send the last transitions, after `run` has returned."""
        if self.agent.state not in ENDED_STATES:
            self.agent.state = STOPPED  # it waited for a robot that did not answer
        self.uplink.send()

    def close(self) -> None:
        """Disconnect from robot and learner machine."""
        self.uplink.close()
        self._policies.close()
        self.robot.close()
        if self.hand:
            self.hand.close()

    def _wait_for_robot(self) -> None:
        """Wait until every sensor topic has a message."""
        self.robot.wait_until_heard()
