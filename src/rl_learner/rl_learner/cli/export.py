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

"""`rl_export`: export a policy to files, checked against the live policy."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from rl_agent.array_types import Float32Array
from rl_agent.system.atomic_file import atomic_file
from rl_learner.cli import command_line
from rl_learner.export import numpy_file as export_numpy
from rl_learner.export import onnx_file as export_onnx
from rl_learner.export import torchscript_file as export_torchscript
from rl_learner.export.load_policy import load_source
from rl_learner.export.policy_inputs import image_inputs, split_inputs
from rl_learner.export.policy_with_robot import check_export, PolicyWithRobot, TOLERANCE

_EXAMPLES = """
  rl_export runs/first                         # all formats, to runs/first/export/
  rl_export runs/first --format onnx           # only one
  rl_export sac.zip --robot my_arm.yaml --out deploy/   # of Stable-Baselines3
  rl_export runs/first/checkpoints/checkpoint_000000003000.pt --out deploy/
  ros2 launch rl_agent robot.launch.py robot:=pendulum policy:=runs/first/export/policy.npz
"""


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        suffix: suffix of the file name.
        encode: converts a policy to the content of a file.
        compute: converts content and observations to actions and commands.
        takes_images: as inputs of their own; false: packed in an observation, as robots have them.
    """

    suffix: str
    encode: Callable[[PolicyWithRobot], bytes]
    compute: Callable[[bytes, Any], tuple[Float32Array, Float32Array]]
    takes_images: bool = True


FORMATS = {
    'npz': Format('.npz', export_numpy.encode, export_numpy.compute, takes_images=False),
    'onnx': Format('.onnx', export_onnx.encode, export_onnx.compute),
    'torchscript': Format('.pt', export_torchscript.encode, export_torchscript.compute),
}


def export(policy: PolicyWithRobot, name: str) -> tuple[bytes, float]:
    """Return the content of a file and its largest difference from the live policy.

    Args:
        policy: policy with its exploration.
        name: one of `FORMATS`.

    Raises:
        PolicyError: the file computes other actions than the policy.
        ConfigurationError: a package that the format needs is missing.
    """
    content = FORMATS[name].encode(policy)

    def compute(rows: Float32Array) -> tuple[Float32Array, Float32Array]:
        takes_images = FORMATS[name].takes_images and image_inputs(policy)
        given = split_inputs(policy, rows) if takes_images else rows
        return FORMATS[name].compute(content, given)

    return content, check_export(policy, compute, f'format {name}')


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_export',
        'Write a policy as files that run without this project: NumPy arrays, ONNX, TorchScript.'
        '\nEach includes observation normalisation, action bounds and robot description, and is'
        f'\nchecked against the live policy to {TOLERANCE:g} before it is written.',
        _EXAMPLES,
    )
    command_line.add_policy(parser)
    command_line.add_robot(parser)
    parser.add_argument(
        '--format',
        nargs='+',
        choices=sorted(FORMATS),
        default=sorted(FORMATS),
        help='file formats; default: all',
    )
    command_line.add_out(parser, 'folder for policy.npz, .onnx, .pt; default: RUN/export')
    command_line.add_json(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Export; write nothing unless every file passes its check."""
    policy = load_source(options.policy, options.robot)
    run = options.policy if options.policy.is_dir() else Path()
    folder = options.out or run / 'export'
    paths = {name: folder / f'policy{FORMATS[name].suffix}' for name in options.format}
    for path in paths.values():
        command_line.refuse_to_overwrite(path, force=options.force)
    checked = {name: export(policy, name) for name in paths}
    for name, (content, _) in checked.items():
        with atomic_file(paths[name]) as file:
            file.write(content)
    if options.json:
        files = {
            name: {'file': str(paths[name]), 'bytes': len(content), 'difference': difference}
            for name, (content, difference) in checked.items()
        }
        print(json.dumps({**_about(policy), 'files': files}))
        return command_line.DONE
    about = _about(policy)
    robot = about['robot'] or 'unknown robot: commands are -1 to 1'
    print(f'{options.policy}: version {about["version"]}, {about["updates"]} updates, {robot}')
    for name, (content, difference) in checked.items():
        print(
            f'{paths[name]}: {len(content):,} bytes, differs by {difference:.1e} from the policy'
        )
    return command_line.DONE


def _about(policy: PolicyWithRobot) -> dict[str, Any]:
    """Return the policy's robot, version and updates as plain values."""
    return {
        'robot': policy.robot.name if policy.robot else None,
        'version': policy.parameters.version,
        'updates': policy.parameters.updates,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
