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

"""Reports cameras that show nothing: a covered lens, no light, a driver that sends zeros."""

from collections.abc import Iterable

from rl_agent.array_types import Float64Array
from rl_agent.cameras.pixel_summary import summarise
from rl_agent.description.observation import ObservationField
from rl_agent.event_log import EventLog


class BlankFrames:
    """Reports when frames whose pixels are all the same begin and end; they are observed."""

    def __init__(self, observation: Iterable[ObservationField], events: EventLog) -> None:
        """Watch the images of an observation; `events` gets the reports."""
        self._images = {item.name: item.image for item in observation if item.image}
        self._events = events

    def note(self, field: str, numbers: Float64Array) -> None:
        """Note a packed image, (size,); nothing for a field without one."""
        image = self._images.get(field)
        if image is None:
            return
        event = f'image_blank/{field}'
        is_blank = numbers[0] == numbers[len(numbers) // 2]  # nearly always false, and fast
        if is_blank and (summary := summarise(image, numbers)).is_blank:
            self._events.begin(
                event,
                f'{field}: given frames whose pixels are all {summary.lowest}; accepted: a'
                ' picture: is the lens covered, or the exposure wrong?',
            )
        else:
            self._events.end(event)
