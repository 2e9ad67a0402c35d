# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Which reward and termination a robot has, with parameters."""

from dataclasses import field

from pydantic import field_validator, ValidationInfo
from pydantic.dataclasses import dataclass
from rl_agent.description_types import STRICT
from rl_agent.tasks import TASKS


@dataclass(frozen=True, config=STRICT)
class TaskDescription:
    """Reward and termination, by name, with the parameters that differ from the task's own.

    Attributes:
        name: one of `tasks.TASKS`.
        parameters: keyword arguments of the task.
    """

    name: str
    parameters: dict[str, float] = field(default_factory=dict)

    @field_validator('name')
    @classmethod
    def _check_name(cls, name: str) -> str:
        if name not in TASKS:
            raise ValueError(f'given {name!r}; accepted: {", ".join(sorted(TASKS))}')
        return name

    @field_validator('parameters')
    @classmethod
    def _check_parameters(
        cls, parameters: dict[str, float], info: ValidationInfo
    ) -> dict[str, float]:
        name = info.data.get('name')
        accepted = TASKS[name].parameter_names() if name else frozenset(parameters)
        unknown = sorted(parameters.keys() - accepted)
        if unknown:
            raise ValueError(
                f'unknown for {name!r}: {", ".join(unknown)};'
                f' accepted: {", ".join(sorted(accepted)) or "none"}'
            )
        return parameters
