# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The other end of the lockstep plugin's socket; the plugin's source says what it understands."""

import contextlib
from pathlib import Path
import socket
import time

from rl_agent.errors import RobotError

_LOOK_AGAIN_S = 0.1


class LockstepClient:
    """Steps a Gazebo 11 world, and reads and moves what is in it."""

    def __init__(self, path: Path, timeout_s: float = 60.0) -> None:
        """Connect to a gzserver, which may still be starting.

        Args:
            path: of the plugin's socket.
            timeout_s: for the server's start, and later for each answer.

        Raises:
            RobotError: nothing listens there in time.
        """
        self._path, self._timeout_s = path, timeout_s
        self._socket = self._connect(time.monotonic() + timeout_s)
        self._stream = self._socket.makefile('rw', encoding='ascii')

    def ask(self, *words: object) -> list[float]:
        """Return the numbers that answer a request.

        Raises:
            RobotError: Gazebo refuses it, has ended, or is silent.
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
                time.sleep(_LOOK_AGAIN_S)
            else:
                connection.settimeout(self._timeout_s)
                return connection
