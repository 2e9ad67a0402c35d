# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A door: one place where something from outside comes in, with valid inputs to break."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from mutation import mutate

_MOST_IN_POOL = 2000
_MOST_INPUT = 4 << 20  # bytes; a door may take a hundredfold of memory for one


class RefusedError(Exception):
    """The input was refused in the intended way: not by an error, but counted or reported."""


class Door:
    """One place where something from outside comes in.

    Attributes:
        seeds: valid inputs.
    """

    seeds: Sequence[bytes] = ()

    def broken(self, rng: Random) -> bytes | None:
        """Return a well-formed input with wrong values; None: this door knows none."""
        return None

    def give(self, data: bytes) -> None:
        """Give an input to the code under test.

        Raises:
            RlError: it was refused.
            RefusedError: it was refused, and counted.
            Exception: any other is a fault of the code under test, as is an AssertionError of
                this method: the input has changed what it must not change.
        """
        raise NotImplementedError


class Ear:
    """Stands for a node: takes a callback, so that inputs reach it without a network.

    Thousands of inputs a second are possible only so. Tests with real nodes are in test/security,
    test/experience and test/robots.
    """

    def __init__(self) -> None:
        """Begin without callbacks."""
        self.callbacks: dict[str, Callable[[Any], None]] = {}
        self.published: list[Any] = []

    def create_subscription(
        self, kind: Any, topic: str, callback: Callable[[Any], None], qos: Any, **options: Any
    ) -> 'Ear':
        """Keep a callback."""
        self.callbacks[topic] = callback
        return self

    def create_publisher(self, *arguments: Any, **options: Any) -> 'Ear':
        """Return a publisher that keeps what it is given."""
        return self

    def publish(self, message: Any) -> None:
        """Keep a message."""
        self.published.append(message)

    def get_subscription_count(self) -> int:
        """Return 1: the learner machine listens."""
        return 1

    def get_publishers_info_by_topic(self, topic: str) -> list[Any]:
        """Return no publisher."""
        return []

    def get_clock(self) -> 'Ear':
        """Return a clock of which `now().to_msg()` is the start of time."""
        return self

    def now(self) -> 'Ear':
        """Return the time of that clock."""
        return self

    def to_msg(self) -> Any:
        """Return that time as a message."""
        from builtin_interfaces.msg import Time

        return Time()


@dataclass(frozen=True)
class Target:
    """A door by name, with its share of all inputs.

    Attributes:
        name: in the command line, and of the folder with its corpus.
        open: returns the door; takes a folder of its own, empty, on a file system in memory.
        share: inputs in a million, for the target takes; fewer where one takes long.
    """

    name: str
    open: Callable[[Path], Door]
    share: int


class Inputs:
    """Makes inputs for a door; one whose answer is new is broken further.

    So the answers guide the search, as the covered lines guide other fuzzers: here each refusal
    says which check it comes from.
    """

    def __init__(self, door: Door, pool: Sequence[bytes] = ()) -> None:
        """Begin with the door's seeds.

        Args:
            door: to make inputs for.
            pool: earlier inputs with new answers.
        """
        self._door, self._pool = door, [*door.seeds, *pool]
        self._answers: set[str] = set()

    def next(self, rng: Random) -> bytes:
        """Return an input."""
        data = self._door.broken(rng) if rng.random() < 0.4 else None
        if data is not None and rng.random() < 0.8:
            return data[:_MOST_INPUT]
        return mutate(rng.choice(self._pool) if data is None else data, rng, self._pool)

    def learn(self, data: bytes, answer: str) -> bool:
        """Keep an input whose answer is new; return whether it is."""
        if answer in self._answers:
            return False
        self._answers.add(answer)
        if len(self._pool) < _MOST_IN_POOL:
            self._pool.append(data)
        return True

    @property
    def answers(self) -> int:
        """Number of different answers."""
        return len(self._answers)
