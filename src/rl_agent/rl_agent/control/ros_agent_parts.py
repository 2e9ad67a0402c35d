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

"""The parts of an agent that are the same in real time and in lockstep."""

from dataclasses import dataclass
import math
from pathlib import Path
import uuid

from rclpy.node import Node
from rl_agent.bringup.robot_parameters import AgentParameters
from rl_agent.control.agent import AgentListener
from rl_agent.control.episode_summary import EpisodeSummary
from rl_agent.control.ros_step_publisher import StepPublisher
from rl_agent.control.simulation_pacer import SimulationPacer
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.event_log import EventLog
from rl_agent.policy.policy_authority import PolicyAuthority
from rl_agent.policy.policy_file import load_policy
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.ros_policy_subscriber import PolicySubscriber
from rl_agent.robot_interface.ros_robot_description import load_fleet_robot, refuse_absolute_names
from rl_agent.safety.ros_emergency_stop import EmergencyStop
from rl_agent.safety.safety_state import SafetyState
from rl_agent.security.fleet_key import FleetKeys, load_fleet_keys
from rl_agent.security.key_file import missing_keys
from rl_agent.system.folders import folder_name
from rl_agent.teaching.ros_hand import RosHand
from rl_agent.teaching.ros_person import make_hand, make_words
from rl_agent.teaching.words import Words
from rl_agent.transport.ros_uplink import Uplink
from rl_agent.transport.spool import Spool
from rl_agent.transport.spool_folder import SpoolFolder
from rl_agent.transport.spool_sizes import image_load, spool_sizes, SpoolSizes
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import RecordLayout


@dataclass(frozen=True)
class AgentParts:
    """The parts of an agent around its control loop.

    Attributes:
        settings: parameters of the node at its start.
        description: of the robot, with the names that its fleet shares.
        of_this_robot: the same with the names of this robot's joints and frames.
        spaces: of the robot.
        sender: identifies robot and session.
        events: counts and reports.
        state: of safety.
        emergency_stop: passes people's stops to the state.
        words: of a person or another node; None: nobody may say anything.
        store: of policies.
        authority: says whose policies are obeyed; None: those of any sender.
        fleet_keys: authenticate transitions and acknowledgements; None: they do not.
        spool: of transitions.
        spool_folder: of the spool; None: in memory only.
        steps: publishes steps and episodes.
        summary: logs the return of each episode; None: not wanted.
        pacer: holds simulated time back; None: never.
        hand: of a person, who may take over; None: the robot's description has no `teleop`.
    """

    settings: AgentParameters
    description: RobotDescription
    of_this_robot: RobotDescription
    spaces: Spaces
    sender: Sender
    events: EventLog
    state: SafetyState
    emergency_stop: EmergencyStop
    words: Words | None
    store: PolicyStore
    authority: PolicyAuthority | None
    fleet_keys: FleetKeys | None
    spool: Spool
    spool_folder: SpoolFolder | None
    steps: StepPublisher
    summary: EpisodeSummary | None
    pacer: SimulationPacer | None
    hand: RosHand | None

    @property
    def holds_episodes(self) -> bool:
        """Whether transitions stay here until their episode can be discarded no more."""
        can_be_said = self.words is not None and self.words.holds_episodes
        return can_be_said or self.settings.only_successes

    @property
    def listener(self) -> AgentListener:
        """The listener of the agent."""
        return self.summary or self.steps


def make_parts(node: Node, settings: AgentParameters) -> AgentParts:
    """Return the parts of an agent; nothing moves.

    Args:
        node: publishes, and logs what is left in the spool.
        settings: its parameters.

    Raises:
        ConfigurationError: the robot's description, its name, the policy file, a key file or the
            spool folder cannot be used.
    """
    of_this_robot, description = load_fleet_robot(settings.robot, settings.prefix)
    refuse_absolute_names(node, description)
    spaces = Spaces(description)
    robot_id = settings.robot_id or node.get_namespace().strip('/') or description.name
    folder_name(robot_id, 'robot_id')  # before it is sent, even without a spool folder
    sender = Sender(robot_id, uuid.uuid4().hex, spaces.fingerprint)
    events = EventLog()
    authority = PolicyAuthority.load(settings.trusted_keys, settings.policy_max_age_s)
    fleet_keys = load_fleet_keys(settings.fleet_key)
    if lacking := missing_keys(trusted_keys=settings.trusted_keys, fleet_key=settings.fleet_key):
        node.get_logger().info(lacking)
    longest_action_s = _longest_action_s(node, settings, description)
    store = PolicyStore(spaces, events, longest_action_s, settings.noise_hold)
    if settings.policy:
        _offer_file(store, Path(settings.policy).expanduser())
    layout = RecordLayout(spaces.sent_size, spaces.action_size)
    sizes = spool_sizes(
        layout.size,
        description.rate_hz,
        has_images=bool(spaces.images),
        has_folder=bool(settings.spool_folder),
    )
    if spaces.images:
        node.get_logger().info(image_load(layout.size, description.rate_hz, sizes))
    folder = None
    if settings.spool_folder:
        folder = _open_spool_folder(node, settings, sender, layout, sizes)
    spool = folder.spool if folder else Spool(sizes.held, sender.session)
    steps = StepPublisher(node, spaces, sender)
    in_real_time = not node.get_parameter('use_sim_time').value
    state = SafetyState(events, waits_for_start=in_real_time)  # simulations start by themselves
    words = make_words(description, state, events)
    return AgentParts(
        settings,
        description,
        of_this_robot,
        spaces,
        sender,
        events,
        state,
        EmergencyStop(node, state, description.safety),
        words,
        store,
        authority,
        fleet_keys,
        spool,
        folder,
        steps,
        EpisodeSummary(steps, events.info) if settings.max_episodes else None,
        SimulationPacer(settings.max_steps_ahead, unacknowledged=lambda: spool.sendable)
        if settings.max_steps_ahead
        else None,
        make_hand(node, of_this_robot, events, words, in_real_time=in_real_time),
    )


def make_uplink(node: Node, parts: AgentParts, *, polled: bool = False) -> Uplink:
    """Return the link to the learner machine, see `Uplink`."""
    return Uplink(
        node,
        parts.spool,
        parts.sender,
        parts.settings.send_period_s,
        keys=parts.fleet_keys,
        events=parts.events,
        polled=polled,
        gathers=bool(parts.spaces.images),
    )


def make_policy_subscriber(
    node: Node, parts: AgentParts, *, polled: bool = False
) -> PolicySubscriber:
    """Return what passes the learner's policies to the store, see `PolicySubscriber`."""
    return PolicySubscriber(
        node,
        parts.store,
        parts.authority,
        sees_images=bool(parts.spaces.images),
        polled=polled,
    )


def _longest_action_s(
    node: Node, settings: AgentParameters, description: RobotDescription
) -> float:
    """Return how long a policy may take for one action; in lockstep time waits for it."""
    if node.get_parameter('use_sim_time').value:
        return math.inf
    return settings.max_action_share / description.rate_hz


def _offer_file(store: PolicyStore, path: Path) -> None:
    """Offer the policy in a file to the store.

    Raises:
        ConfigurationError: the robot cannot use it; starting again would not help.
    """
    try:
        store.offer(load_policy(path))
    except PolicyError as error:
        raise ConfigurationError(f'policy: given {path}: {error}') from error


def _open_spool_folder(
    node: Node,
    settings: AgentParameters,
    sender: Sender,
    layout: RecordLayout,
    sizes: SpoolSizes,
) -> SpoolFolder:
    """Return the robot's spool folder, with the transitions that earlier sessions left there."""
    folder = SpoolFolder(
        Path(settings.spool_folder).expanduser(),
        sender,
        layout,
        capacity=sizes.held,
        in_memory=sizes.in_memory,
        report=node.get_logger().warning,
    )
    if folder.leftover:
        node.get_logger().info(
            f'{folder.leftover} transitions that were not acknowledged before are sent first'
        )
    return folder
