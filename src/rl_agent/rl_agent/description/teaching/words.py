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

"""The `words` section of a robot's YAML file: what a person or another node may say."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import LARGEST_INDEX, refuse_duplicates, STRICT, Topic
from typing_extensions import Self

Button = Annotated[int, Field(ge=0, le=LARGEST_INDEX)]


@dataclass(frozen=True, config=STRICT)
class WordDescription:
    """A word without a reward: `discard` or `pause`.

    Attributes:
        button: of the stick in `teleop`, from 0; pressing it says the word.
    """

    button: Button | None = None


@dataclass(frozen=True, config=STRICT)
class EndWordDescription(WordDescription):
    """A word that ends the task: `success` or `failure`.

    Attributes:
        reward: added to that of the step in which the word is said.
    """

    reward: Annotated[float, Field(ge=-1e6, le=1e6)] = 0.0


@dataclass(frozen=True, config=STRICT)
class WordsDescription:
    """What a person or another node may say: by topic, by service and by button.

    A message (std_msgs/msg/String) on the topic, or a call of `~/success`, `~/failure`,
    `~/discard`, `~/pause` or `~/resume` (std_srvs/srv/Trigger) of the agent, is a word.

    | word | meaning |
    |---|---|
    | success, failure | the task ends in this step: `terminated`, with the reward below |
    | discard | the episode ends, and none of its transitions ever leaves the robot |
    | pause | the robot stops as in `safety.stop`, which truncates the episode, until `resume` |

    The button of `pause` says `resume` if the robot is paused.

    Attributes:
        topic: relative to the robot's namespace.
        success: ends the task well.
        failure: ends the task badly.
        discard: if this is given, transitions leave the robot when the next episode begins: until
            then, an episode can be discarded. Without it, they leave at once, and `discard` is
            refused.
        pause: stops the robot for a while.
    """

    topic: Topic = 'word'
    success: EndWordDescription = EndWordDescription(reward=1.0)
    failure: EndWordDescription = EndWordDescription()
    discard: WordDescription | None = None
    pause: WordDescription = WordDescription()

    @model_validator(mode='after')
    def _check(self) -> Self:
        refuse_duplicates([str(button) for button in self.buttons.values()])
        return self

    @property
    def buttons(self) -> dict[str, int]:
        """The button of each word that has one."""
        words = {'success': self.success, 'failure': self.failure, 'discard': self.discard}
        words['pause'] = self.pause
        return {
            name: word.button
            for name, word in words.items()
            if word is not None and word.button is not None
        }
