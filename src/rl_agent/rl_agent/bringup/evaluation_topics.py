# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The private topics of an agent that evaluates a policy.

No learner and no recorder listens there, so an evaluation is not part of a run.
"""

TRANSITIONS = '/transitions'
TRANSITIONS_ACK = '/transitions_ack'
POLICY = '/policy'
STEP = 'step'
EPISODE = 'episode'

_PRIVATE = (POLICY, TRANSITIONS, TRANSITIONS_ACK, STEP, EPISODE)
_EVALUATION = 'evaluation'  # comes before the name


def evaluation_topic(topic: str, namespace: str) -> str:
    """Return the full name that a topic has in an evaluation.

    Args:
        topic: its usual name.
        namespace: namespace of the robot; empty: none.
    """
    return '/'.join(['', *filter(None, [namespace]), _EVALUATION, topic.lstrip('/')])


def evaluation_remappings(namespace: str) -> dict[str, str]:
    """Return the remappings that give an agent its private topics."""
    return {topic: evaluation_topic(topic, namespace) for topic in _PRIVATE}


def is_evaluation_topic(topic: str) -> bool:
    """Return whether a full topic name is one of an evaluation."""
    return topic.split('/')[-2] == _EVALUATION
