# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Rewards and terminations, found by the name in a robot's description.

A task `stack_bricks` is a module `stack_bricks.py` in this folder with a class `StackBricks`:
nothing else has to know of it. One outside this package is named `module:Class`; its module must
be importable on the robot and on the learner machine. It is a frozen dataclass, whose fields are
the parameters that a description may set:

    @dataclass(frozen=True)
    class StackBricks(Parameters):
        fields: ClassVar[tuple[str, ...]] = ('height',)   # observation fields that it needs
        wanted_m: float = 0.1

        def outcome(self, observation, command, next_observation) -> Outcome:
            height = float(next_observation['height'][0])
            return Outcome({'height': height}, terminated=height >= self.wanted_m)
"""

from rl_agent.plugins import find_class
from rl_agent.tasks.task import Task


def find_task(name: str) -> type[Task]:
    """Return the class of a task.

    Raises:
        ConfigurationError: there is none of that name.
    """
    return find_class(__name__, name, besides=('task',))
