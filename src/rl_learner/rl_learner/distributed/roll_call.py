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

"""Finds out which rank is gone after ranks could no longer exchange anything.

Whoever notices says so in the store that all ranks share and that one of them serves. Ranks that
hang or have ended stay silent.
"""

import json
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a torch without `distributed` lacks it
    from torch.distributed import Store  # type: ignore[attr-defined]

_ANSWER_TIMEOUT_S, _GRACE_S, _POLL_PERIOD_S = 5.0, 1.0, 0.1
_LONGEST_TEXT = 300


class RollCall:
    """Entries of all ranks in a store: who they are, and how they ended."""

    def __init__(self, store: 'Store', rank: int, size: int, server: int = 0) -> None:
        """Introduce this rank.

        Args:
            store: shared by all ranks.
            rank: of this process.
            size: number of processes.
            server: rank that serves the store.
        """
        self._store, self._rank, self._size, self._server = store, rank, size, server
        self._verdict = ''  # which ranks are gone; empty: the server does not answer
        self._names = [f'rank {number}' for number in range(size)]
        store.set(f'name/{rank}', f'rank {rank} on {socket.gethostname()}, process {os.getpid()}')

    def remember_names(self) -> None:
        """Wait until all have introduced themselves, and read who they are."""
        keys = [f'name/{rank}' for rank in range(self._size)]
        self._store.wait(keys)
        self._names = [self._store.get(key).decode() for key in keys]

    @property
    def server_is_gone(self) -> str:
        """Error for a store that does not answer."""
        return f'{self.name(self._server)}: has ended or hangs'

    def name(self, rank: int) -> str:
        """Return a rank's number and, once known, its machine and process id."""
        return self._names[rank]

    def failed(self, text: str) -> None:
        """Tell the other ranks why this one ends."""
        try:
            self._store.set(f'end/{self._rank}', json.dumps(text[:_LONGEST_TEXT]))
        except RuntimeError:
            return  # the server has ended

    def missing(self, reason: str) -> str:
        """Return which ranks are gone, or which have failed and why, after a few seconds.

        Args:
            reason: error of the exchange that failed.
        """
        # daemon, because a read from a server that hangs never returns
        thread = threading.Thread(target=self._judge, args=(reason,), daemon=True)
        thread.start()
        thread.join(_ANSWER_TIMEOUT_S + _GRACE_S)
        return self._verdict or self.server_is_gone

    def _judge(self, reason: str) -> None:
        """Find out which ranks are gone, unless the server is."""
        try:
            self._store.set(f'end/{self._rank}', json.dumps(''))
            verdict = self._shared_verdict(reason)
            if self._rank == self._server:
                self._store.set('verdict', verdict)
                time.sleep(_GRACE_S)  # the others read it
            self._verdict = verdict
        except RuntimeError:
            return

    def _shared_verdict(self, reason: str) -> str:
        """Return the verdict of the server, or that of this rank without one."""
        deadline_s = time.monotonic() + _ANSWER_TIMEOUT_S - _GRACE_S * (self._rank == self._server)
        entries: dict[int, str] = {}
        while time.monotonic() < deadline_s and not any(entries.values()):
            if self._store.check(['verdict']):
                return self._store.get('verdict').decode()
            self._read(entries)
            if self._rank == self._server and len(entries) == self._size:
                break
            time.sleep(_POLL_PERIOD_S)
        return self._describe(entries, reason)

    def _read(self, entries: dict[int, str]) -> None:
        """Add the entries of ranks that have written one since."""
        for rank in range(self._size):
            if rank not in entries and self._store.check([f'end/{rank}']):
                entries[rank] = json.loads(self._store.get(f'end/{rank}').decode())

    def _describe(self, entries: dict[int, str], reason: str) -> str:
        """Return which ranks have failed or have no entry."""
        failed = [f'{self.name(rank)}: failed: {text}' for rank, text in entries.items() if text]
        silent = [
            f'{self.name(rank)}: has ended or hangs'
            for rank in range(self._size)
            if rank not in entries
        ]
        first_line = reason.strip().partition('\n')[0][:_LONGEST_TEXT]
        broken = f'the connection between the ranks broke: {first_line}'
        return '; '.join(failed or silent) or broken
