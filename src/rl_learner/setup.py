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

"""Installs rl_learner, with the launch files of the learner machine."""

from glob import glob

from setuptools import find_packages, setup

package_name = 'rl_learner'


setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(include=[package_name, package_name + '.*']),
    package_data={package_name: ['py.typed', 'planning/*.yaml']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
        ('share/' + package_name + '/launch', sorted(glob('launch/*.launch.py'))),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    author='The rl_agent authors',
    maintainer='The rl_agent authors',
    maintainer_email='maintainers@rl-agent.example.org',
    url='https://rl-agent.example.org',
    description='Trains the policies of robots that learn on the job, from a Reverb replay.',
    license='Apache-2.0',
    extras_require={'test': ['pytest', 'pytest-timeout']},
    entry_points={
        'console_scripts': [
            'demo = rl_learner.entry_points:demo',
            'learner = rl_learner.entry_points:learner',
            'learner_ranks = rl_learner.entry_points:learner_ranks',
            'recorder = rl_learner.entry_points:recorder',
            'replay_bridge = rl_learner.entry_points:replay_bridge',
            'rl_completion = rl_learner.entry_points:rl_completion',
            'rl_dashboard = rl_learner.entry_points:rl_dashboard',
            'rl_demonstrate = rl_learner.entry_points:rl_demonstrate',
            'rl_evaluate = rl_learner.entry_points:rl_evaluate',
            'rl_export = rl_learner.entry_points:rl_export',
            'rl_export_dataset = rl_learner.entry_points:rl_export_dataset',
            'rl_import = rl_learner.entry_points:rl_import',
            'rl_plan = rl_learner.entry_points:rl_plan',
            'rl_plot = rl_learner.entry_points:rl_plot',
            'rl_runs = rl_learner.entry_points:rl_runs',
            'rl_train = rl_learner.entry_points:rl_train',
        ],
    },
)
