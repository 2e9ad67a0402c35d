# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Judges how a door answers an input: taken, refused, or with a fault."""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
from pathlib import Path
import re
import resource
import signal
import traceback
from typing import Any, Literal

from door import Door, RefusedError
from rl_agent.errors import RlError

MOST_CPU_S = 5.0  # of one input; a valid one takes milliseconds
MOST_BYTES = 256 << 20
_MOST_TEXT = 32_000  # characters of an error, which has one line for each of up to 30 mistakes
_KILOBYTE = 1024
_TOP = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(
    r"\S*rl_fuzz_\w+|'[^']*'|\"[^\"]*\"|\[[^\]]*\]|[-+]?[0-9.]+(e[-+]?[0-9]+)?|\bnan\b|\binf\b"
)
_ACCEPTED = re.compile(r'; accepted:.*')
_LONGEST_ANSWER = 120

Kind = Literal['taken', 'refused', 'failed']


@dataclass(frozen=True)
class Answer:
    """How a door answered.

    Attributes:
        kind: `failed`: in a way that no input may cause.
        text: of the refusal or fault; empty if the input was taken.
        place: of a fault: type of error and where it was raised.
    """

    kind: Kind
    text: str = ''
    place: str = ''

    @property
    def signature(self) -> str:
        """The answer without what it quotes from the input."""
        if self.kind == 'failed':
            return f'failed {self.place}'
        words = _VARIABLE.sub('#', _ACCEPTED.sub('', self.text[: 4 * _LONGEST_ANSWER]))
        return f'{self.kind} {" ".join(words.split())[:_LONGEST_ANSWER]}'


class _TooSlow(BaseException):
    """An input takes too long."""


def judge(door: Door, data: bytes) -> Answer:
    """Give an input to a door and return its answer."""
    _forget_peak()
    before = _peak_bytes()
    try:
        with _limited_time():
            door.give(data)
        answer = Answer('taken')
    except RefusedError as error:
        answer = Answer('refused', str(error))
    except RlError as error:
        answer = _judge_error(error)
    except (Exception, _TooSlow) as error:
        answer = Answer('failed', _text_of(error), _place_of(error))
    grown = _peak_bytes() - before
    if grown > MOST_BYTES and answer.kind != 'failed':
        return Answer('failed', f'took {grown >> 20} MiB: {answer.text}', 'memory')
    return answer


def _judge_error(error: RlError) -> Answer:
    """Return the answer to a refusal by error, whose text must be one that people can read."""
    text = str(error)
    if not 0 < len(text) <= _MOST_TEXT:
        return Answer('failed', f'an error of {len(text)} characters: {text[:200]}', 'long text')
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return Answer('failed', f'asked for too much memory: {text}', 'memory')
        cause = cause.__cause__ or cause.__context__
    return Answer('refused', text)


def _text_of(error: BaseException) -> str:
    """Return the end of a stack trace."""
    if isinstance(error, _TooSlow):
        return f'more than {MOST_CPU_S:g} s of processor time, {_place_of(error)}'
    return ''.join(traceback.format_exception(error))[-4000:]


def _place_of(error: BaseException) -> str:
    """Return type and place of an error: the last line of this project before it."""
    places = [
        f'{Path(frame.filename).name}:{frame.name}'
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_TOP / 'src')
    ]
    return f'{type(error).__name__} in {places[-1] if places else "the fuzzer"}'


def _forget_peak() -> None:
    """Let the largest memory be that of now."""
    with contextlib.suppress(OSError):  # where the kernel does not offer it, the peak stays
        Path('/proc/self/clear_refs').write_text('5')


def _peak_bytes() -> int:
    """Return the largest memory that this process had since the last `_forget_peak`."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE


@contextlib.contextmanager
def _limited_time() -> Iterator[None]:
    """Raise _TooSlow in the block after some time of the processor."""

    def stop(number: int, frame: Any) -> None:
        raise _TooSlow

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, previous)
