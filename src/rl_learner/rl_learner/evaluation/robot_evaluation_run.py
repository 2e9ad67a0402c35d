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

"""Runs the processes of an evaluation on a robot."""

from collections.abc import Iterator, Mapping
import contextlib
import json
import os
from pathlib import Path
import sys
import tempfile
import time

from rl_agent.description.robot import description_as_json
from rl_agent.system.log_folder import log_variables
from rl_learner.evaluation.evaluation import EvaluatedEpisode
from rl_learner.evaluation.ros_robot_evaluation import EvaluationNode, RobotEvaluation
from rl_learner.system.domain import claim_domain, local_environment
from rl_learner.system.processes import ChildProcess, end_in_order

_END_TIMEOUT_S = 6.0


def run_evaluation(evaluation: RobotEvaluation) -> Iterator[EvaluatedEpisode]:
    """Yield episodes as they end; the processes end after the last one or with the caller.

    Raises:
        ConfigurationError: the real robot is not there, or another node drives it.
        RlError: a process ended unexpectedly, the robot is silent, or another node started to
            drive it.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='rl_evaluate_')))
        environment = {**_environment(evaluation, stack), **log_variables(folder)}
        node = EvaluationNode(evaluation, environment)
        stack.callback(node.close)
        if evaluation.real:
            node.await_robot()
            node.refuse_other_publishers()
        processes: list[ChildProcess] = []
        stack.callback(_end, processes)
        _start(evaluation, folder, environment, processes)
        for number in range(evaluation.episodes):
            yield node.next_episode(number + 1, processes)


def _environment(evaluation: RobotEvaluation, stack: contextlib.ExitStack) -> Mapping[str, str]:
    """Return the environment variables; a simulated robot gets its own ROS domain."""
    if evaluation.real:
        return os.environ
    return local_environment(stack.enter_context(claim_domain()))


def _start(
    evaluation: RobotEvaluation,
    folder: Path,
    environment: Mapping[str, str],
    processes: list[ChildProcess],
) -> None:
    """Start the evaluation's processes, with the robot description of the policy."""
    robot_file = folder / f'{evaluation.robot.name}.yaml'  # JSON is YAML
    robot_file.write_text(json.dumps(description_as_json(evaluation.robot)), encoding='utf-8')
    variables = {**environment, 'PYTHONUNBUFFERED': '1'}
    for spec in evaluation.node_specs(str(robot_file)):
        command = [sys.executable, *spec.arguments()]
        log = folder / f'{spec.name}.log'
        processes.append(ChildProcess(spec.name, command, log, variables))


def _end(processes: list[ChildProcess]) -> None:
    """End the agent, then the simulated robot."""
    stages = [[process] for process in reversed(processes)]
    end_in_order(stages, time.monotonic() + _END_TIMEOUT_S)
