# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Client of the lockstep plugin; its requests are listed in the plugin's source."""

import contextlib
from pathlib import Path
import socket
import time

from rl_agent.errors import RobotError

_POLL_PERIOD_S = 0.1


class LockstepClient:
    """Steps a Gazebo 11 world, and reads and changes its state."""

    def __init__(self, path: Path, timeout_s: float = 60.0) -> None:
        """Connect to a gzserver, which may still be starting.

        Args:
            path: socket of the plugin.
            timeout_s: timeout of the connection, and of each answer.

        Raises:
            RobotError: no plugin listens in time.
        """
        self._path, self._timeout_s = path, timeout_s
        self._socket = self._connect(time.monotonic() + timeout_s)
        self._stream = self._socket.makefile('rw', encoding='ascii')

    def ask(self, *words: object) -> list[float]:
        """Send a request and return the numbers of the answer.

        Raises:
            RobotError: Gazebo refuses the request, has ended or is silent.
        """
        request = ' '.join(map(str, words))
        try:
            self._stream.write(request + '\n')
            self._stream.flush()
            answer = self._stream.readline()
        except TimeoutError as error:
            raise RobotError(
                f'Gazebo: no answer to {request!r} in {self._timeout_s:g} s: the simulation stalls'
            ) from error
        except OSError as error:
            raise RobotError(f'Gazebo: {request!r}: {error}: the simulation has ended') from error
        if not answer:
            raise RobotError(f'Gazebo: {request!r}: no answer: the simulation has ended')
        verdict, _, rest = answer.strip().partition(' ')
        if verdict != 'ok':
            raise RobotError(f'Gazebo: {request!r}: {rest}')
        return [float(word) for word in rest.split()]

    def close(self) -> None:
        """Disconnect."""
        with contextlib.suppress(OSError):
            self._stream.close()
        self._socket.close()

    def _connect(self, deadline_s: float) -> socket.socket:
        """Return the connection."""
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._path))
            except OSError as error:
                connection.close()
                if time.monotonic() > deadline_s:
                    raise RobotError(
                        f'no Gazebo at {self._path}: {error.strerror}; accepted: a running'
                        ' gzserver with the lockstep plugin in its world'
                    ) from error
                time.sleep(_POLL_PERIOD_S)
            else:
                connection.settimeout(self._timeout_s)
                return connection
