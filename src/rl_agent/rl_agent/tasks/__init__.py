# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Rewards and terminations, found by the name in a robot's description.

The task `stack_bricks` is the class `StackBricks` in a module `stack_bricks.py` of this folder; it
is registered nowhere else. A task outside this package is named `module:Class`; its module must be
importable on the robot and on the learner machine. A task is a frozen dataclass; a description may
set its fields:

    @dataclass(frozen=True)
    class StackBricks(Parameters):
        fields: ClassVar[tuple[str, ...]] = ('height',)   # required observation fields
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
        ConfigurationError: there is no such task.
    """
    return find_class(__name__, name, exclude=('task',))
