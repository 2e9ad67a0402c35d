"""Installs rl_agent, with the configuration and launch files that robots need."""

from glob import glob
import os

from setuptools import find_packages, setup

package_name = 'rl_agent'
# The workspace keeps these folders at its top, where people look for them. Links are followed, as
# `colcon build --symlink-install` runs a link to this file in its build folder.
top = os.path.relpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', '..'))
launch_files = ('evaluate', 'gazebo', 'robot', 'simulated_robot')
models = sorted(
    os.path.relpath(folder, top) for folder in glob(os.path.join(top, 'config/worlds/models/*'))
)


def shared(folder, pattern):
    """Return the data_files entry of the workspace's files that match `pattern`."""
    files = sorted(glob(os.path.join(top, folder, pattern)))
    return (os.path.join('share', package_name, folder), files)


setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    package_data={package_name: ['py.typed', 'simulated_models/quadruped_parts/*.xml']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
        shared('config', '*.yaml'),
        *(shared('config/' + kind, '*.yaml') for kind in ('algorithms', 'demos', 'robots')),
        shared('config/layouts', '*'),
        shared('config/security', '*.xml'),
        shared('config/worlds', '*.sdf'),
        shared('config/worlds', '*.yaml'),
        *(shared(folder, 'model.*') for folder in models),
        *(shared('launch', name + '.launch.py') for name in launch_files),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    maintainer='The rl_agent authors',
    maintainer_email='maintainers@rl-agent.example.org',
    description='Runs a learned policy on a robot and sends what it lived through to a learner.',
    license='Apache-2.0',
    extras_require={'test': ['pytest', 'pytest-timeout']},
    entry_points={
        'console_scripts': [
            'agent = rl_agent.entry_points:agent',
            'gazebo_robot = rl_agent.entry_points:gazebo_robot',
            'check_robot = rl_agent.entry_points:check_robot',
            'rl_keys = rl_agent.entry_points:rl_keys',
            'simulated_robot = rl_agent.entry_points:simulated_robot',
        ],
    },
)
