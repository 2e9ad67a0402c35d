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

"""The topic and the services by which a person or another node says words to an agent."""

from functools import partial

from rclpy.node import Node
from rl_agent.errors import ConfigurationError
from rl_agent.event_log import EventLog
from rl_agent.ros.ros_topics import WORD_QOS
from rl_agent.teaching.words import Words
from std_msgs.msg import String
from std_srvs.srv import Trigger

REFUSED = 'word_refused'  # event


class RosWords:
    """Passes words on to the agent; they are obeyed at the next control step."""

    def __init__(self, node: Node, words: Words, events: EventLog) -> None:
        """Subscribe to the topic and offer a service for each word.

        Args:
            node: the topic is relative to its namespace, the services to its name.
            words: receive them.
            events: receives words that are refused.
        """
        self._node, self._words, self._events = node, words, events
        self._topic = words.description.topic
        self._subscription = node.create_subscription(
            String, self._topic, self._on_message, WORD_QOS
        )
        self._services = [
            node.create_service(Trigger, f'~/{word}', partial(self._on_call, word))
            for word in words.accepted
        ]

    def close(self) -> None:
        """Unsubscribe and withdraw the services."""
        self._node.destroy_subscription(self._subscription)
        for service in self._services:
            self._node.destroy_service(service)

    def _on_message(self, message: String) -> None:
        """Say a word."""
        try:
            self._words.say(message.data, self._topic)
        except ConfigurationError as error:
            self._events.note(REFUSED, str(error))

    def _on_call(
        self, word: str, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Say a word and answer what follows from it."""
        response.success, response.message = True, self._words.say(word, 'service')
        return response
