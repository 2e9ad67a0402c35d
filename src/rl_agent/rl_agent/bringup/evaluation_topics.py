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

"""The private topics of an agent that evaluates a policy.

No learner and no recorder listens there, so an evaluation is not part of a run.
"""

TRANSITIONS = '/transitions'
TRANSITIONS_ACK = '/transitions_ack'
POLICY = '/policy'
STEP = 'step'
EPISODE = 'episode'

_PRIVATE = (POLICY, TRANSITIONS, TRANSITIONS_ACK, STEP, EPISODE)
_EVALUATION = 'evaluation'  # comes before the name


def evaluation_topic(topic: str, namespace: str) -> str:
    """Return the full name that a topic has in an evaluation.

    Args:
        topic: its usual name.
        namespace: namespace of the robot; empty: none.
    """
    return '/'.join(['', *filter(None, [namespace]), _EVALUATION, topic.lstrip('/')])


def evaluation_remappings(namespace: str) -> dict[str, str]:
    """Return the remappings that give an agent its private topics."""
    return {topic: evaluation_topic(topic, namespace) for topic in _PRIVATE}


def is_evaluation_topic(topic: str) -> bool:
    """Return whether a full topic name is one of an evaluation."""
    return topic.split('/')[-2] == _EVALUATION
