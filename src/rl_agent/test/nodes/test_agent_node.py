# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The agent node comes to a stop once, whoever asks for it and however often."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from rl_agent.nodes.agent_node import AgentNode

TIMEOUT_S = 30.0
SOON_S = 0.2  # enough for what is not held up


class Parts(SimpleNamespace):
    """What the methods under test need of an `AgentNode`, connected to nothing."""

    def __init__(self) -> None:
        """Stand for an active node that counts episodes."""
        super().__init__(
            _thread=threading.Thread(target=lambda: None),
            _deactivating=threading.Lock(),
            _is_real_time=False,
            _settings=SimpleNamespace(max_episodes=3),
            _spool_folder=None,
            _agent=SimpleNamespace(state='exploring', stopping=False, run=lambda: None),
            _robot=SimpleNamespace(
                stop_waiting=self._stop_waiting, wait_until_heard=lambda: None, rest=lambda: None
            ),
            _background=SimpleNamespace(wake=lambda: None),
            _uplink=SimpleNamespace(send=lambda: None),
            _spool=SimpleNamespace(wait_until_empty=lambda timeout_s: True),
            _status=SimpleNamespace(publish_last=lambda: self.done.append('handed over')),
            _say_reports=lambda: None,
            ended=threading.Event(),
        )
        self.done: list[str] = []
        self.meanwhile: Any = lambda: None
        self._agent.stop = lambda: setattr(self._agent, 'stopping', True)
        self._thread.start()

    def _end_control(self, thread: threading.Thread) -> None:
        """See `AgentNode`."""
        AgentNode._end_control(self, thread)  # type: ignore[arg-type]

    def _stop_waiting(self, grace_s: float) -> None:
        """Stop, while something else happens."""
        self.done.append('stopped')
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()


def test_a_service_and_a_signal_at_once_stop_it_once() -> None:
    """The second waits until the first has handed everything over."""
    parts, seen = Parts(), list[list[str]]()

    def deactivate() -> None:
        AgentNode.deactivate(parts)  # type: ignore[arg-type]
        seen.append(list(parts.done))

    second = threading.Thread(target=deactivate)

    def interrupt() -> None:
        second.start()
        second.join(SOON_S)

    parts.meanwhile = interrupt
    deactivate()
    second.join(TIMEOUT_S)
    assert seen == [['stopped', 'handed over']] * 2


@pytest.mark.parametrize('stopping', [False, True])
def test_only_the_last_episode_ends_the_process(stopping: bool) -> None:
    """A node that was deactivated stays, to be activated again."""
    parts = Parts()
    parts._agent.stopping = stopping
    AgentNode._run_agent(parts)  # type: ignore[arg-type]
    assert parts.ended.is_set() is not stopping
