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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Exported policies that see images."""

from dataclasses import replace

from image_updates import blocks, image_update, IMAGES, VECTOR
import numpy as np
import pytest
from rl_agent.description.image import ImageDescription
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli.export import export, FORMATS
from rl_learner.export import onnx_file
from rl_learner.export.policy_inputs import split_inputs
from rl_learner.export.policy_with_robot import PolicyWithRobot
from rl_learner.training.update import Update

RUNTIME = pytest.importorskip('onnxruntime')


def trained():
    update = image_update()
    for block in blocks(update, 2):
        update.run(block)
    return PolicyWithRobot(replace(update.policy(3), fingerprint='abc'))


@pytest.mark.parametrize('name', sorted(FORMATS))
def test_every_format_computes_what_the_robot_computes(name):
    """meituan/YOLOv6#271: what is done with pixels before the network belongs into the file."""
    _, difference = export(trained(), name)
    assert difference < 1e-5


def test_onnx_takes_pixels_as_they_are_beside_the_numbers():
    session = RUNTIME.InferenceSession(export(trained(), 'onnx')[0])
    inputs = {item.name: (item.type, item.shape[1:]) for item in session.get_inputs()}
    assert inputs == {
        'observation': ('tensor(float)', [VECTOR]),
        **{
            f'image_{number}': ('tensor(uint8)', list(image.shape))
            for number, image in enumerate(IMAGES)
        },
    }


def test_a_policy_of_images_alone_has_no_empty_input():
    """isaac-sim/IsaacLab#6159: exported image policies had an input of no numbers."""
    options = {'encoder_channels': [4], 'encoder_strides': [2]}
    image = ImageDescription(12, 12)
    update = Update(load_algorithm('drq_sac', options), image.size, 1, (image,), seed=0)
    policy = PolicyWithRobot(update.policy())
    session = RUNTIME.InferenceSession(export(policy, 'onnx')[0])
    assert [item.name for item in session.get_inputs()] == ['image_0']
    export(policy, 'torchscript')


def test_inputs_are_split_by_name():
    policy = trained()
    observations = np.zeros((4, policy.parameters.architecture.observation_size), np.float32)
    observations[:, VECTOR] = 1 + 256 * 2 + 65536 * 3
    inputs = split_inputs(policy, observations)
    assert {name: values.shape for name, values in inputs.items()} == {
        'observation': (4, VECTOR),
        'image_0': (4, *IMAGES[0].shape),
        'image_1': (4, *IMAGES[1].shape),
    }
    assert inputs['image_0'][0, 0, 0].tolist() == [1, 2, 3]


def test_an_onnx_file_comes_back(tmp_path):
    policy = trained()
    (tmp_path / 'policy.onnx').write_bytes(export(policy, 'onnx')[0])
    loaded = onnx_file.decode(tmp_path / 'policy.onnx').parameters
    assert loaded.architecture.encoder == policy.parameters.architecture.encoder
    assert loaded.fingerprint == 'abc'
