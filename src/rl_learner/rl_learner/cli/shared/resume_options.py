# Copyright 2026 The rl_learner authors
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

"""What may be given together with `--resume`: only what the resumed run can use."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any


def refuse_given(
    parser: argparse.ArgumentParser, options: argparse.Namespace, names: Sequence[str]
) -> None:
    """Exit with an error if one of some options was given."""
    for name in names:
        if getattr(options, name) is not None:
            parser.error(
                f'{_option(name)}: given with --resume; accepted: without it, a run goes on with'
                ' its own'
            )


def refuse_changes(
    parser: argparse.ArgumentParser,
    options: argparse.Namespace,
    before: Mapping[str, Any],
    names: Sequence[str],
) -> None:
    """Exit with an error if one of some options differs from what the run began with."""
    for name in names:
        given = getattr(options, name)
        if given not in (None, before[name]):
            parser.error(
                f'{_option(name)}: given {given} with --resume; accepted: {before[name]}, which'
                ' the run began with; for another one begin a new run'
            )


def _option(name: str) -> str:
    """Return the option of an attribute."""
    return f'--{name.replace("_", "-")}'
