# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Description of a robot with the sizes of a quadruped: 46 observations, 12 actions."""

import json
from pathlib import Path

OBSERVATION_SIZE, ACTION_SIZE = 46, 12
RATE_HZ = 50

_JOINTS = [f'joint_{number}' for number in range(ACTION_SIZE)]
_FIELDS = {
    'cos_angle': ('position', 12, 'cos'),
    'sin_angle': ('position', 12, 'sin'),
    'velocity': ('velocity', 12, 'none'),
    'effort': ('effort', 10, 'none'),
}


def write_description(folder: Path) -> Path:
    """Write the description into a folder as JSON, which is valid YAML; return its path."""
    description = {
        'name': 'legged',
        'rate_hz': RATE_HZ,
        'episode_steps': 1000,
        'observation': [
            {
                'name': name,
                'topic': 'joint_states',
                'type': 'sensor_msgs/msg/JointState',
                'field': field,
                'joints': _JOINTS[:count],
                'transform': transform,
            }
            for name, (field, count, transform) in _FIELDS.items()
        ],
        'action': {
            'topic': 'effort_controller/commands',
            'type': 'std_msgs/msg/Float64MultiArray',
            'joints': _JOINTS,
            'unit': 'N m',
            'low': [-1.0] * ACTION_SIZE,
            'high': [1.0] * ACTION_SIZE,
        },
        'task': {'name': 'swing_up'},
        'reset': {'service': 'reset'},
    }
    path = folder / 'legged.yaml'
    path.write_text(json.dumps(description), encoding='utf-8')
    return path
