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

"""The agent node stops once, however often it is asked to."""

from collections.abc import Callable
import threading
from types import SimpleNamespace

import pytest
from rl_agent.control.ros_control_loop import ControlLoop
from rl_agent.nodes.agent_node import AgentNode

TIMEOUT_S = 30.0
SOON_S = 0.2  # enough for a call that does not wait


class FakeLoop(SimpleNamespace):
    """A control loop without robot and learner.

    Attributes:
        done: the calls so far.
        meanwhile: called once, while the loop stops.
    """

    def __init__(self) -> None:
        """Make a loop whose agent ends at once."""
        super().__init__(
            agent=SimpleNamespace(state='exploring', stopping=False, run=lambda: None),
            robot=SimpleNamespace(rest=lambda: None),
            _wait_for_robot=lambda: None,
        )
        self.done: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def run(self) -> bool:
        """Run the agent, see `ControlLoop`."""
        return ControlLoop.run(self)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Stop, while something else happens."""
        self.done.append('stopped')
        self.agent.stopping = True
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()

    def finish(self) -> None:
        """Send the last transitions."""
        self.done.append('finished')


class FakeNode(SimpleNamespace):
    """What the methods under test need of an `AgentNode`: an active node that counts episodes."""

    def __init__(self) -> None:
        """Start a control thread."""
        self._loop = FakeLoop()
        super().__init__(
            _thread=threading.Thread(target=lambda: None),
            _deactivating=threading.Lock(),
            _settings=SimpleNamespace(max_episodes=3),
            _parts=SimpleNamespace(
                spool=SimpleNamespace(wait_until_empty=lambda timeout_s: True), spool_folder=None
            ),
            _interface=SimpleNamespace(
                log_reports=lambda: None,
                status=SimpleNamespace(
                    publish_last=lambda: self._loop.done.append('last status published')
                ),
            ),
            ended=threading.Event(),
        )
        self._thread.start()

    def _end_control(self, thread: threading.Thread) -> None:
        """See `AgentNode`."""
        AgentNode._end_control(self, thread)  # type: ignore[arg-type]


def test_a_service_and_a_signal_at_once_stop_it_once() -> None:
    """The second call waits until the first has handed everything over."""
    node, seen = FakeNode(), list[list[str]]()

    def deactivate() -> None:
        AgentNode.deactivate(node)  # type: ignore[arg-type]
        seen.append(list(node._loop.done))

    second = threading.Thread(target=deactivate)

    def interrupt() -> None:
        second.start()
        second.join(SOON_S)

    node._loop.meanwhile = interrupt
    deactivate()
    second.join(TIMEOUT_S)
    assert seen == [['stopped', 'finished', 'last status published']] * 2


@pytest.mark.parametrize('stopping', [False, True])
def test_only_the_last_episode_ends_the_process(stopping: bool) -> None:
    """A node that was deactivated stays, and may be activated again."""
    node = FakeNode()
    node._loop.agent.stopping = stopping
    AgentNode._run(node)  # type: ignore[arg-type]
    assert node.ended.is_set() is not stopping
