# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A link with faults between two network interfaces: python relay.py INTERFACE INTERFACE.

Each input line is a JSON object that sets faults: `loss` (probability), `delay_s` (one way),
`reorder` (probability that a packet waits `reorder_s` longer, so that others overtake it), `cut`
(true: nothing passes). It answers each line with the counts of packets so far. It works on kernels
without netem.
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
_MAX_PACKET_BYTES = 65_600


class Relay:
    """Forwards packets between two interfaces with delay, reordering and loss.

    Attributes:
        faults: current faults of the link.
        counts: number of packets that passed, were lost, or were delayed for reordering.
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
                    self._receive(end)
            if sys.stdin in ready and not self._set_faults(sys.stdin.readline()):
                return
            self._send_due()

    def _set_faults(self, line: str) -> bool:
        """Set the faults in a line and answer; return False at the end of the input."""
        if not line:
            return False
        self.faults.update(json.loads(line))
        print(json.dumps(self.counts), flush=True)
        return True

    def _receive(self, end: socket.socket) -> None:
        """Receive packets from one side."""
        while True:
            try:
                packet, address = end.recvfrom(_MAX_PACKET_BYTES)
            except BlockingIOError:
                return
            if address[2] == socket.PACKET_OUTGOING:
                continue  # sent by this process
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

    def _send_due(self) -> None:
        """Send the packets that are due."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(self._waiting)
            try:
                end.send(packet)
                self.counts['passed'] += 1
            except (BlockingIOError, OSError):
                self.counts['lost'] += 1


def _open(interface: str) -> socket.socket:
    """Return a raw, non-blocking socket on an interface."""
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    end.bind((interface, 0))
    end.setblocking(False)
    return end


def complete_checksums(interface: str) -> None:
    """Make the kernel compute checksums before packets leave an interface of this namespace."""
    off = ctypes.create_string_buffer(struct.pack('II', _ETHTOOL_STXCSUM, 0))
    request = struct.pack('16sP', interface.encode(), ctypes.addressof(off)).ljust(40, b'\0')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        fcntl.ioctl(end, _SIOCETHTOOL, request)


if __name__ == '__main__':
    if sys.argv[1] == '--complete-checksums':
        complete_checksums(sys.argv[2])
    else:
        Relay(*sys.argv[1:]).serve()
