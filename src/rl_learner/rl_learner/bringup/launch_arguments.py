# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The arguments of the learner's launch files, see `rl_agent.bringup.launch_arguments`."""

import dataclasses

from rl_agent.bringup.launch_arguments import LaunchArgument, LOG_LEVEL, PYTHON, RESTARTS, ROBOT

ALGORITHM = LaunchArgument(
    'algorithm', 'name of an algorithm, or the path of its YAML file', 'default'
)

REPLAY_PORT = LaunchArgument('replay_port', 'TCP port of the Reverb server', 8000)

SEED = LaunchArgument('seed', 'of networks and sampling', 0)

RUN_FOLDER = LaunchArgument(
    'run_folder',
    'for experience, checkpoints and the policy; training goes on from them',
    'runs/run',
)

# Parameters of the replay bridge besides robot, algorithm, replay_port and run_folder.
BRIDGE = (
    LaunchArgument(
        'journal_keep_gb',
        'beyond it the oldest files are deleted, but never what replay holds; 0: none ever',
        50.0,
    ),
)

# Parameters of the learner besides robot, algorithm, replay_port and seed.
LEARNER = (
    RUN_FOLDER,
    LaunchArgument(
        'device',
        'of the updates; auto takes a GPU if one works',
        'auto',
        ('auto', 'cpu', 'cuda'),
    ),
    LaunchArgument('threads', 'CPU threads of an update; 0: one per core', 0),
    LaunchArgument('warmup', "transitions before training; -1: the algorithm's own", -1),
    LaunchArgument(
        'updates_to_data', "critic updates per transition; 0: the algorithm's own", 0.0
    ),
)

RESUME = LaunchArgument(
    'resume', 'false: a run folder that has checkpoints already is an error', True
)

LEARNER_PYTHON = LaunchArgument(
    'python', "interpreter that has Reverb and torch; empty: the workspace's .venv", ''
)

LEARNER_LAUNCH = (
    ROBOT,
    ALGORITHM,
    *LEARNER,
    *BRIDGE,
    RESUME,
    SEED,
    REPLAY_PORT,
    LEARNER_PYTHON,
    LOG_LEVEL,
    RESTARTS,
)


def _replaced(item: LaunchArgument) -> LaunchArgument:
    """Return the demo's default where it has its own; a test compares them with its file."""
    own = {'warmup': 500}
    return dataclasses.replace(item, default=own.get(item.name, item.default))


SIMULATION_LAUNCH = (
    dataclasses.replace(ROBOT, default='pendulum'),
    LaunchArgument('robots', 'so many simulated robots, in namespaces robot_1, robot_2, ...', 1),
    ALGORITHM,
    *map(_replaced, LEARNER),
    *BRIDGE,
    RESUME,
    LaunchArgument('seed', 'of everything random', 0),
    LaunchArgument('max_steps', 'of all robots together; 0: no limit', 0),
    LaunchArgument(
        'max_steps_ahead',
        'hold time back while the learner is so many transitions behind; 0: never wait',
        64,
    ),
    REPLAY_PORT,
    LEARNER_PYTHON,
    dataclasses.replace(PYTHON, name='robot_python'),
    LOG_LEVEL,
    RESTARTS,
)
