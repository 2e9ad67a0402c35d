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

"""The executables of `ros2 run rl_learner NAME`; each runs on a Python that has Reverb.

`ros2 run` takes the Python of the ROS installation, which usually lacks Reverb.
"""

from dataclasses import dataclass
from importlib import import_module
import os
import sys
from typing import Any, NoReturn

from rl_agent.bringup.interpreters import missing
from rl_agent.bringup.node_process import leave_on_interrupt
from rl_agent.errors import ConfigurationError, WRONG_CONFIGURATION
from rl_learner.bringup.interpreters import learner_interpreter, LEARNER_NEEDS


@dataclass(frozen=True)
class Command:
    """An executable of this package.

    Attributes:
        module: its `main` is run.
    """

    module: str

    def __call__(self) -> Any:
        """Run it here, or on the Python that launch files take if this one lacks modules."""
        if self.module.endswith('_node'):
            leave_on_interrupt()
        try:
            module = import_module(self.module)
        except ImportError:
            if not missing(sys.executable, os.environ, LEARNER_NEEDS):
                raise
            self._run_on_other_python()
        return module.main()

    def _run_on_other_python(self) -> NoReturn:
        """Replace this process, or end it with an error if there is no such Python."""
        try:
            other = learner_interpreter('', os.environ, __file__)
        except ConfigurationError as error:
            # here, the remedy is a command, not an argument of a launch file
            text = str(error).replace('python:=PATH', f'PATH -m {self.module}')
            print(f'error: {text}', file=sys.stderr)
            sys.exit(WRONG_CONFIGURATION)
        sys.stdout.flush()
        words = [other.python, '-m', self.module, *sys.argv[1:]]
        os.execve(other.python, words, dict(other.environment))


demo = Command('rl_learner.cli.demo')
learner = Command('rl_learner.nodes.learner_node')
learner_ranks = Command('rl_learner.nodes.learner_ranks')
recorder = Command('rl_learner.nodes.recorder_node')
replay_bridge = Command('rl_learner.nodes.replay_bridge_node')
rl_completion = Command('rl_learner.cli.completion')
rl_dashboard = Command('rl_learner.cli.dashboard')
rl_demonstrate = Command('rl_learner.cli.demonstrate')
rl_evaluate = Command('rl_learner.cli.evaluate')
rl_export = Command('rl_learner.cli.export')
rl_export_dataset = Command('rl_learner.cli.export_dataset')
rl_import = Command('rl_learner.cli.import_recordings')
rl_plan = Command('rl_learner.cli.plan')
rl_plot = Command('rl_learner.cli.plot')
rl_runs = Command('rl_learner.cli.runs')
rl_train = Command('rl_learner.cli.train')
