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

"""Installs rl_agent, with the configuration and launch files that robots need."""

from glob import glob
import os

from setuptools import find_packages, setup

package_name = 'rl_agent'


def tree(folder: str) -> list[tuple[str, list[str]]]:
    """Return the data_files entries of a folder of this package and its subfolders."""
    return [
        (
            os.path.join('share', package_name, inner),
            [os.path.join(inner, name) for name in sorted(names) if not name.startswith('.')],
        )
        for inner, _, names in sorted(os.walk(folder))
        if names
    ]


setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(include=[package_name, package_name + '.*']),
    package_data={package_name: ['py.typed', 'simulated_models/*_parts/*.xml']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
        ('share/' + package_name + '/launch', sorted(glob('launch/*.launch.py'))),
        *tree('config'),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    author='The rl_agent authors',
    maintainer='The rl_agent authors',
    maintainer_email='maintainers@rl-agent.example.org',
    url='https://rl-agent.example.org',
    description='Runs a learned policy on a robot and sends what it lived through to a learner.',
    license='Apache-2.0',
    extras_require={'test': ['pytest', 'pytest-timeout']},
    entry_points={
        'console_scripts': [
            'agent = rl_agent.entry_points:agent',
            'gazebo_robot = rl_agent.entry_points:gazebo_robot',
            'check_robot = rl_agent.entry_points:check_robot',
            'keyboard_hand = rl_agent.entry_points:keyboard_hand',
            'scripted_person = rl_agent.entry_points:scripted_person',
            'markers = rl_agent.entry_points:markers',
            'rl_describe = rl_agent.entry_points:rl_describe',
            'rl_health = rl_agent.entry_points:rl_health',
            'rl_keys = rl_agent.entry_points:rl_keys',
            'simulated_fleet = rl_agent.entry_points:simulated_fleet',
            'simulated_robot = rl_agent.entry_points:simulated_robot',
        ],
    },
)
