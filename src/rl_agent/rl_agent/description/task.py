# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""The `task` section of a robot's YAML file: reward and termination."""

from dataclasses import field

from pydantic import field_validator, ValidationInfo
from pydantic.dataclasses import dataclass
from rl_agent.configuration import hint
from rl_agent.description.field_types import STRICT
from rl_agent.errors import ConfigurationError
from rl_agent.tasks import find_task
from rl_agent.tasks.task import Task


@dataclass(frozen=True, config=STRICT)
class TaskDescription:
    """Reward and termination by name, with parameters that differ from the task's defaults.

    Attributes:
        name: name of a module in `tasks/`, or `module:Class` of your own.
        parameters: keyword arguments of the task.
    """

    name: str
    parameters: dict[str, float] = field(default_factory=dict)

    @field_validator('name')
    @classmethod
    def _check_name(cls, name: str) -> str:
        try:
            find_task(name)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return name

    @field_validator('parameters')
    @classmethod
    def _check_parameters(
        cls, parameters: dict[str, float], info: ValidationInfo
    ) -> dict[str, float]:
        if 'name' not in info.data:
            return parameters
        task = find_task(info.data['name'])
        accepted = sorted(task.parameter_names())
        unknown = sorted(parameters.keys() - set(accepted))
        if unknown:
            raise ValueError(
                f'unknown for {info.data["name"]!r}: {", ".join(unknown)}'
                f'{hint(unknown[0], accepted)}; accepted: {", ".join(accepted) or "none"}'
            )
        try:
            task(**parameters)
        except ConfigurationError as error:  # the task refuses a value
            raise ValueError(str(error)) from error
        return parameters

    def make(self) -> Task:
        """Return the task."""
        return find_task(self.name)(**self.parameters)
