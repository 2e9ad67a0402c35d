# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The ROS parameters that several nodes have, each described once."""

from typing import Annotated

from pydantic import Field
from pydantic.config import JsonDict

# Marks a field whose parameter may change while its node runs; all others are read-only.
LIVE: JsonDict = {'live': True}

RobotName = Annotated[
    str, Field(description='name of a robot description, or the path of its YAML file')
]
AlgorithmName = Annotated[
    str, Field(description='name of an algorithm, or the path of its YAML file')
]
RunFolder = Annotated[
    str,
    Field(description='for experience, checkpoints and the policy; training goes on from them'),
]
Autostart = Annotated[
    bool, Field(description='go to `active` by itself, without a lifecycle manager')
]
