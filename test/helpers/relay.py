# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A bad link between two network interfaces: python relay.py INTERFACE INTERFACE.

Each line of its input is a JSON object of the faults from then on: `loss` (probability), `delay_s`
(one way), `reorder` (probability that a packet waits `reorder_s` longer, so that others overtake
it), `cut` (true: nothing passes). It answers each with what has passed and what was lost so far.
For kernels without netem.
"""

import ctypes
import fcntl
import heapq
import json
import random
import select
import socket
import struct
import sys
import time

_ALL_PROTOCOLS = 0x0003
_SIOCETHTOOL, _ETHTOOL_STXCSUM = 0x8946, 0x17
_LONGEST = 65_600


class Relay:
    """Takes packets from each of two interfaces to the other, late, out of order or not at all.

    Attributes:
        faults: what the link does to packets.
        counts: packets that passed, were lost, and were held back longer than others.
    """

    def __init__(self, first: str, second: str) -> None:
        """Connect two interfaces."""
        self.faults = {'loss': 0.0, 'delay_s': 0.0, 'reorder': 0.0, 'reorder_s': 0.0, 'cut': False}
        self.counts = {'passed': 0, 'lost': 0, 'late': 0}
        self._random = random.Random(0)
        self._waiting: list[tuple[float, int, socket.socket, bytes]] = []
        ends = [_open(name) for name in (first, second)]
        self._other = {ends[0]: ends[1], ends[1]: ends[0]}
        self._number = 0

    def serve(self) -> None:
        """Relay until the input ends."""
        while True:
            timeout_s = None
            if self._waiting:
                timeout_s = max(0.0, self._waiting[0][0] - time.monotonic())
            ready, _, _ = select.select([sys.stdin, *self._other], [], [], timeout_s)
            for end in self._other:
                if end in ready:
                    self._take(end)
            if sys.stdin in ready and not self._obey(sys.stdin.readline()):
                return
            self._pass_on()

    def _obey(self, line: str) -> bool:
        """Take new faults over and answer; return False at the end of the input."""
        if not line:
            return False
        self.faults.update(json.loads(line))
        print(json.dumps(self.counts), flush=True)
        return True

    def _take(self, end: socket.socket) -> None:
        """Take what has come from one side."""
        while True:
            try:
                packet, address = end.recvfrom(_LONGEST)
            except BlockingIOError:
                return
            if address[2] == socket.PACKET_OUTGOING:
                continue  # our own
            faults = self.faults
            if faults['cut'] or self._random.random() < faults['loss']:
                self.counts['lost'] += 1
                continue
            due_s = time.monotonic() + faults['delay_s']
            if self._random.random() < faults['reorder']:
                due_s += faults['reorder_s']
                self.counts['late'] += 1
            self._number += 1
            heapq.heappush(self._waiting, (due_s, self._number, self._other[end], packet))

    def _pass_on(self) -> None:
        """Send what is due."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(self._waiting)
            try:
                end.send(packet)
                self.counts['passed'] += 1
            except (BlockingIOError, OSError):
                self.counts['lost'] += 1


def _open(interface: str) -> socket.socket:
    """Return a raw socket on an interface that leaves no checksum to hardware it does not have."""
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    end.bind((interface, 0))
    end.setblocking(False)
    return end


def complete_checksums(interface: str) -> None:
    """Have the kernel finish checksums before packets leave by an interface of this namespace."""
    off = ctypes.create_string_buffer(struct.pack('II', _ETHTOOL_STXCSUM, 0))
    request = struct.pack('16sP', interface.encode(), ctypes.addressof(off)).ljust(40, b'\0')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        fcntl.ioctl(end, _SIOCETHTOOL, request)


if __name__ == '__main__':
    if sys.argv[1] == '--complete-checksums':
        complete_checksums(sys.argv[2])
    else:
        Relay(*sys.argv[1:]).serve()
