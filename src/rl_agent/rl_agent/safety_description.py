# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Limits, filters and watchdogs of a robot: the `safety` section of its description."""

from pydantic.dataclasses import dataclass
from rl_agent.description_types import STRICT


@dataclass(frozen=True, config=STRICT)
class SafetyDescription:
    """What keeps a robot from hurting itself."""
