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

"""A rank other than 0: trains its shards, without ROS and without Reverb."""

import signal

from rl_agent.configuration import build
from rl_agent.description.image import ImageDescription
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.distributed.follower import follow
from rl_learner.distributed.rendezvous import Joined
from rl_learner.distributed.task import receive, Task
from rl_learner.training.device import num_threads, use_threads
from rl_learner.training.update import Update
import torch


def work(joined: Joined) -> None:
    """Train what rank 0 says until it ends.

    Raises:
        RankError: another rank is gone.
    """
    task = receive(joined)
    if task is None:
        return
    # rank 0 hears them, too, and needs this rank until it has saved
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    use_threads(num_threads(task.threads, joined.place.local_size), task.device)
    follow(joined.ranks, update_of(task, joined))


def update_of(task: Task, joined: Joined) -> Update:
    """Return the networks of a task."""
    device = task.device
    if device == 'cuda':
        device = f'cuda:{joined.place.local_rank}'
        torch.cuda.set_device(device)
    return Update(
        build(Algorithm, dict(task.algorithm), 'rank 0'),
        task.observation_size,
        task.action_size,
        [ImageDescription(*sides) for sides in task.images],
        stack=task.stack,
        seed=task.seed,
        device=device,
        ranks=joined.ranks,
    )
