# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Every error that this project raises on purpose, as one tree."""


class RlError(Exception):
    """Base of all expected errors: `main()` prints its text and exits without a stack trace."""


class ConfigurationError(RlError):
    """A file, key, value or argument that cannot be used; says what would be accepted."""


class PolicyError(RlError):
    """A policy that must not be obeyed."""


class RobotError(RlError):
    """The robot does not answer as its description says."""


class StoppedError(RobotError):
    """A stop came while the robot was brought to a starting state."""


class ReplayError(RlError):
    """The replay server cannot be reached or refuses."""


class TrainingError(RlError):
    """Training cannot go on: numbers are not finite, or a checkpoint does not fit."""


class DiskError(TrainingError):
    """The disk does not take what training keeps; what was there stays as it was."""


class JournalError(RlError):
    """The journal of experience cannot be written or read."""


class DiskFullError(JournalError):
    """There is no room for the journal now; there may be later."""


# Exit code of a node that cannot use its parameters or files: the same command fails again.
WRONG_CONFIGURATION = 2
