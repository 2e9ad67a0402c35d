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

"""The errors that this project raises on purpose, as one tree."""


class RlError(Exception):
    """Base of all expected errors: `main()` prints the text and exits without a stack trace."""


class ConfigurationError(RlError):
    """A file, key, value or argument cannot be used; the text says what is accepted."""


class PolicyError(RlError):
    """A policy must not be used."""


class RobotError(RlError):
    """The robot does not behave as its description says."""


class NeighbourError(RobotError):
    """A message on a shared topic is about something else, such as a gripper beside an arm.

    Attributes:
        about: what it is about, if that is known better than from the text: it is told once.
    """

    def __init__(self, text: str, about: str = '') -> None:
        """Name what the message is about."""
        super().__init__(text)
        self.about = about


class StoppedError(RobotError):
    """The robot was stopped during a reset."""


class TaskError(RlError):
    """A Gymnasium task raises an error, or answers with what nothing can be learned from."""


class ReplayError(RlError):
    """The replay server cannot be reached or refuses a request."""


class TrainingError(RlError):
    """Training cannot continue: numbers are not finite, or a checkpoint does not fit."""


class DiskError(TrainingError):
    """Training cannot write its files; the files from before are unchanged."""


class JournalError(RlError):
    """The journal of experience cannot be written or read."""


class DiskFullError(JournalError):
    """The disk has no space for the journal; it may have some later."""


# Exit code of a node that cannot use its parameters or files, so that a restart would not help.
WRONG_CONFIGURATION = 2
