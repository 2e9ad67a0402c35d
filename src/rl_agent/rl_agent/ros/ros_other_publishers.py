# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Who else publishes on a topic: two that command one robot drive it against each other."""

from collections import Counter
from collections.abc import Callable
import time

from rclpy.node import Node
from rl_agent.event_log import EventLog
from rl_agent.ros.ros_topics import node_of

EVENT = 'somebody_else_commands'
UNNAMED = 'a node'  # names of nodes come later than their topics
FORGOTTEN_S = 25.0  # DDS keeps a process that was killed for up to 20 s


def other_publishers(node: Node, topic: str, *, own: int = 0) -> list[str]:
    """Return the other nodes that publish on a topic, by their full names, as often as they do.

    Args:
        node: looks; of its names for a topic.
        topic: as the node says it.
        own: publishers of the node itself among them.
    """
    found = Counter(
        node_of(info) or UNNAMED
        for info in node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    )
    found -= Counter({node.get_fully_qualified_name(): own})
    return sorted(found.elements())


class OtherPublishers:
    """Tells of others that command the robot of an agent."""

    def __init__(
        self,
        node: Node,
        topic: str,
        events: EventLog,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch the topic of the commands, which `node` publishes on itself.

        Args:
            node: the agent's.
            topic: of the commands.
            events: told.
            clock: in seconds.
        """
        self._node, self._topic, self._events, self._clock = node, topic, events, clock
        self._alone_s = clock()

    def look(self) -> None:
        """Tell of others once they have stayed for longer than a killed process is remembered."""
        others = other_publishers(self._node, self._topic, own=1)
        now_s = self._clock()
        if not others:
            self._alone_s = now_s
            self._events.end(EVENT)
        elif now_s - self._alone_s > FORGOTTEN_S:
            self._events.begin(
                EVENT,
                f'{self._node.resolve_topic_name(self._topic)} is published by'
                f' {" and ".join(others)}, too, and the robot hears all; remedy: end the others,'
                ' or give them a topic of their own',
            )
