# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A headless Chromium, driven over its debugging pipe, without driver or library."""

import base64
from collections.abc import Iterator, Mapping
import contextlib
import fcntl
import io
import json
import os
from pathlib import Path
import select
import shutil
import subprocess
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
# descriptors from which Chromium reads commands and to which it writes answers
_COMMANDS, _ANSWERS = 3, 4
_POLL_PERIOD_S = 0.3


def find_browser() -> str | None:
    """Return the path of a Chromium, or None if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One page in a browser."""

    def __init__(self, commands: int, answers: int, deadline_s: float) -> None:
        """Communicate over two descriptors, until a deadline on the steady clock."""
        self._commands, self._answers, self._deadline_s = commands, answers, deadline_s
        self._received = b''
        self._number = 0
        self._session = ''

    def open(self, address: str) -> None:
        """Load a page."""
        target = self._call('Target.createTarget', url=address)['targetId']
        attached = self._call('Target.attachToTarget', targetId=target, flatten=True)
        self._session = attached['sessionId']

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, as plain data."""
        answer = self._call('Runtime.evaluate', expression=expression, returnByValue=True)
        return answer['result'].get('value')

    def until(self, expression: str, what: str) -> Any:
        """Return the value of an expression once it is true."""
        while not (value := self.evaluate(expression)):
            self.raise_if_late(what)
            time.sleep(_POLL_PERIOD_S)
        return value

    def raise_if_late(self, what: str) -> None:
        """Raise AssertionError with the text of the page if the deadline has passed."""
        if time.monotonic() > self._deadline_s:
            text = self.evaluate('document.body.innerText')
            raise AssertionError(f'no {what}; the page shows: {text}')

    def picture(self, clip: Mapping[str, float] | None = None) -> NDArray[np.uint8]:
        """Return a screenshot, (height, width, 3), of the page or of a part of it."""
        part = {'clip': {**clip, 'scale': 1.0}} if clip else {}
        data = base64.b64decode(self._call('Page.captureScreenshot', **part)['data'])
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert('RGB'))

    def _call(self, method: str, **parameters: Any) -> Any:
        """Return the result of a command of the DevTools protocol."""
        self._number += 1
        command = {'id': self._number, 'method': method, 'params': parameters}
        if self._session:
            command['sessionId'] = self._session
        os.write(self._commands, json.dumps(command).encode() + b'\0')
        while True:
            message = json.loads(self._next_message(method))
            if message.get('id') == self._number:
                assert 'error' not in message, f'{method}: {message["error"]}'
                return message['result']

    def _next_message(self, method: str) -> bytes:
        """Return the next message of the browser, an answer or an event."""
        while b'\0' not in self._received:
            left_s = max(0.0, self._deadline_s + 10.0 - time.monotonic())
            ready, _, _ = select.select([self._answers], [], [], left_s)
            data = os.read(self._answers, 1 << 16) if ready else b''
            assert data, f'the browser does not answer {method}'
            self._received += data
        message, _, self._received = self._received.partition(b'\0')
        return message


@contextlib.contextmanager
def headless_browser(program: str, folder: Path, timeout_s: float) -> Iterator[Browser]:
    """Yield a browser with a fresh profile in a folder; it ends with the context."""
    # above 10, so that neither is overwritten when they become 3 and 4
    pipes = [
        fcntl.fcntl(end, fcntl.F_DUPFD, 10) for pair in (os.pipe(), os.pipe()) for end in pair
    ]
    browser_commands, commands, answers, browser_answers = pipes

    def connect() -> None:
        os.dup2(browser_commands, _COMMANDS)
        os.dup2(browser_answers, _ANSWERS)

    options = ['--headless', '--no-sandbox', '--remote-debugging-pipe', '--no-first-run']
    options += ['--window-size=1400,1700', f'--user-data-dir={folder / "profile"}']
    with (folder / 'browser.log').open('wb') as log:
        process = subprocess.Popen(
            [program, *options],
            stdout=log,
            stderr=log,
            preexec_fn=connect,
            pass_fds=(_COMMANDS, _ANSWERS),
        )
    os.close(browser_commands)
    os.close(browser_answers)
    try:
        yield Browser(commands, answers, time.monotonic() + timeout_s)
    finally:
        process.terminate()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(commands)
        os.close(answers)
