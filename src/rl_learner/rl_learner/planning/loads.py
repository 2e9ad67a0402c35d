# Copyright 2026 The rl_learner authors
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

"""What a fleet needs of everything that it shares, from measured constants."""

from dataclasses import dataclass

from rl_learner.planning.fleet import Budget, Fleet, Training
from rl_learner.planning.measured import Constant, Measured
from rl_learner.replay.layout import ReplayLayout

_FLOAT_BYTES = 4
_ROW_BYTES = 4 + 8 + 4 + 4 + 8  # of a transition, besides float32: see TransitionBatch
_BITS_PER_MBIT = 1e6 / 8
_BYTES_PER_GB, _MB_PER_GB = 1e9, 1000.0


@dataclass(frozen=True)
class Load:
    """What is needed of one thing, and what there is.

    Attributes:
        name: of the thing.
        needed: in `unit`.
        available: in `unit`.
        unit: of both.
        remedy: what helps when it is not enough.
    """

    name: str
    needed: float
    available: float
    unit: str
    remedy: str

    @property
    def used(self) -> float:
        """Needed by available; more than 1 does not fit."""
        return self.needed / self.available


class Loads:
    """The loads of a fleet, by equations over the measured constants."""

    def __init__(self, fleet: Fleet, training: Training, measured: Measured) -> None:
        """Compute nothing yet."""
        self._fleet, self._training, self._measured = fleet, training, measured

    def all(self, budget: Budget) -> tuple[Load, ...]:
        """Return what is needed of everything."""
        fewer = 'a longer send_period_s and commit_period_s, or several learners'
        return (
            Load(
                'discovery',
                self.discovery_s(processors=self._fleet.robots),
                budget.discovery_s,
                's',
                'a discovery server, or robots that start one after the other',
            ),
            Load('replay bridge', self.bridge_cores(), 1.0, 'cores', fewer),
            Load('Reverb', self.reverb_cores(), 1.0, 'cores', 'fewer updates per transition'),
            Load(
                'updates',
                self._fleet.transitions_per_s * self._training.updates_to_data,
                self.updates_per_s(),
                '1/s',
                'a faster device, or fewer updates per transition',
            ),
            Load('policies', self.policy_cores(), 1.0, 'cores', 'a longer publish_period_s'),
            Load('memory', self.memory_gb(), budget.memory_gb, 'GB', 'a smaller replay_capacity'),
            Load(
                'journal',
                self.journal_gb(self._training.replay_capacity),
                budget.disk_gb,
                'GB',
                'a larger disk, or a smaller replay_capacity',
            ),
            Load('robot processor', self.robot_cores(), 1.0, 'cores', fewer),
            Load(
                'robot link',
                max(self.robot_up_mbit(), self.robot_down_mbit()),
                budget.robot_mbit,
                'Mbit/s',
                'a longer publish_period_s and commit_period_s, or a smaller policy',
            ),
            Load(
                'learner link',
                self._fleet.robots * max(self.robot_up_mbit(), self.robot_down_mbit()),
                budget.learner_mbit,
                'Mbit/s',
                'a longer publish_period_s and commit_period_s, or a faster link',
            ),
        )

    def discovery_s(self, processors: int) -> float:
        """Return the time until all robots that start at once are found.

        Args:
            processors: that they and the learner machine share.
        """
        found, robots = self._measured.discovery(self._fleet.discovery), self._fleet.robots
        busy_s = robots * _value(found.robot_s) + robots * robots * _value(found.pair_s)
        return _value(found.base_s) + busy_s / processors

    def bridge_cores(self) -> float:
        """Return the processor time of the replay bridge in a second."""
        fleet, measured = self._fleet, self._measured
        return (
            _value(measured.bridge_idle_cores)
            + fleet.robots * fleet.batches_per_s * _value(measured.bridge_batch_s)
            + fleet.transitions_per_s * _value(measured.bridge_transition_s)
            + self._deliveries_per_s() * fleet.robots * _value(measured.bridge_delivery_s)
        )

    def reverb_cores(self) -> float:
        """Return the processor time of Reverb in a second."""
        training, measured = self._training, self._measured
        sampled = training.updates_to_data * training.batch_size
        seconds = _value(measured.reverb_insert_s) + sampled * _value(measured.reverb_sample_s)
        return self._fleet.transitions_per_s * seconds

    def updates_per_s(self) -> float:
        """Return the updates of all devices together."""
        training = self._training
        if training.devices == 1:
            return training.updates_per_s
        shared_s = 1 / training.updates_per_s / training.devices
        return 1 / (shared_s + _value(self._measured.exchange_s))

    def policy_cores(self) -> float:
        """Return the processor time of the learner for its policies in a second."""
        numbers = self._fleet.policy_parameters / self._fleet.publish_period_s
        return self._fleet.robots * numbers * _value(self._measured.policy_delivery_s)

    def memory_gb(self) -> float:
        """Return the memory of learner, Reverb and replay bridge with a full replay."""
        measured, fleet = self._measured, self._fleet
        width = ReplayLayout(fleet.observation_size, fleet.action_size).width
        rows = self._training.replay_capacity * width * _FLOAT_BYTES / _BYTES_PER_GB
        return (
            rows * _value(measured.replay_factor)
            + (_value(measured.learner_base_mb) + self.bridge_mb()) / _MB_PER_GB
        )

    def robot_mb(self) -> float:
        """Return the memory of a robot for all the others."""
        found = self._measured.discovery(self._fleet.discovery)
        return self._fleet.robots * _value(found.robot_pair_mb)

    def bridge_mb(self) -> float:
        """Return the memory of the replay bridge."""
        found = self._measured.discovery(self._fleet.discovery)
        robots_mb = self._fleet.robots * _value(found.bridge_robot_mb)
        return _value(self._measured.bridge_base_mb) + robots_mb

    def journal_gb(self, transitions: float) -> float:
        """Return the size of so many transitions in the journal."""
        fleet = self._fleet
        in_batch = max(1.0, fleet.rate_hz / fleet.batches_per_s)
        each = self._transition_bytes() + _value(self._measured.journal_batch_bytes) / in_batch
        return transitions * each / _BYTES_PER_GB

    def robot_cores(self) -> float:
        """Return the processor time of a robot for acknowledgements in a second."""
        return self._deliveries_per_s() * _value(self._measured.robot_delivery_s)

    def robot_up_mbit(self) -> float:
        """Return what a robot sends, in Mbit/s."""
        fleet = self._fleet
        transitions = fleet.rate_hz * self._transition_bytes()
        batches = fleet.batches_per_s * _value(self._measured.batch_bytes)
        return (transitions + batches) / _BITS_PER_MBIT

    def robot_down_mbit(self) -> float:
        """Return what a robot receives, in Mbit/s: policies, and acknowledgements of all."""
        measured, fleet = self._measured, self._fleet
        numbers = fleet.policy_parameters / fleet.publish_period_s
        policies = numbers * _FLOAT_BYTES * _value(measured.policy_factor)
        acknowledgements = self._deliveries_per_s() * _value(measured.acknowledgement_bytes)
        return (policies + acknowledgements) / _BITS_PER_MBIT

    def _deliveries_per_s(self) -> float:
        """Return the acknowledgements that each robot receives: those of all robots."""
        return self._fleet.robots * self._fleet.acknowledgements_per_s

    def _transition_bytes(self) -> int:
        """Return the bytes of a transition in a message."""
        numbers = 2 * self._fleet.observation_size + self._fleet.action_size + 1
        return numbers * _FLOAT_BYTES + _ROW_BYTES


def _value(constant: Constant) -> float:
    """Return the number of a constant."""
    return constant.value
