# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The senders of several robots in one process: generated transitions in real spools and uplinks.

    python -m workers.uplink_senders DESCRIPTION FOLDER FIRST COUNT RATE_HZ SECONDS ROWS

Each of COUNT robots, numbered from FIRST on, starts with ROWS transitions and then adds RATE_HZ
transitions per second for SECONDS. The last line is a JSON object.
"""

import json
from pathlib import Path
import sys
import threading
import time

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.transport.ros_uplink import Connection, Uplink
from rl_agent.transport.spool_folder import SpoolFolder
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import RecordLayout

from workers.numbered_transitions import numbered_transition

ACK_TIMEOUT_S = 60.0
SEND_PERIOD_S = 0.05  # the agent's default


class Robot:
    """One robot's sender, which measures the time of each acknowledgement.

    Attributes:
        latencies_s: from append to acknowledgement of each transition.
    """

    def __init__(
        self,
        node: Node,
        connection: Connection,
        spaces: Spaces,
        folder: Path,
        number: int,
        rows: int,
    ) -> None:
        """Open spool and uplink.

        The spool keeps all initial rows in memory: a real robot never produces thousands of rows
        within milliseconds, and a disk could not write them in time.
        """
        sender = Sender(f'robot_{number}', f'{number:032x}', spaces.fingerprint)
        layout = RecordLayout(spaces.observation_size, spaces.action_size)
        self.folder = SpoolFolder(
            folder, sender, layout, capacity=180_000, in_memory=rows + 4096, report=print
        )
        self._appended_s: list[float] = []
        self.latencies_s: list[float] = []
        self.uplink = Uplink(node, self.folder.spool, sender, SEND_PERIOD_S, connection)
        connection.listen(sender.robot, self._on_ack)
        random = np.random.default_rng(number)
        self._observation = random.standard_normal(spaces.observation_size).astype(np.float32)
        self._action = random.uniform(-1, 1, spaces.action_size).astype(np.float32)

    @property
    def pending(self) -> int:
        """Number of transitions not acknowledged."""
        return self.folder.spool.pending

    def step(self) -> None:
        """Append one transition."""
        number = len(self._appended_s)
        transition = numbered_transition(number, self._observation, self._action)
        self._appended_s.append(time.monotonic())
        self.folder.spool.append(transition)

    def _on_ack(self, session: str, sequence: int) -> None:
        """Record the latencies and handle the acknowledgement."""
        now_s = time.monotonic()
        for appended_s in self._appended_s[len(self.latencies_s) : sequence]:
            self.latencies_s.append(now_s - appended_s)
        self.uplink._on_ack(session, sequence)


def main(
    description: str,
    folder: str,
    first: int,
    count: int,
    rate_hz: float,
    seconds: float,
    rows: int,
) -> None:
    """Run the robots; see the module's docstring for the arguments."""
    spaces = Spaces(load_robot(description))
    rclpy.init()
    node = Node(f'senders_{first}')
    connection = Connection(node)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while not connection.has_subscriber():
        executor.spin_once(timeout_sec=0.1)
    robots = [
        Robot(node, connection, spaces, Path(folder), number, rows)
        for number in range(first, first + count)
    ]
    for robot in robots:
        for _ in range(rows):
            robot.step()
    print('ready', flush=True)
    sys.stdin.readline()
    started_s, cpu_s = time.monotonic(), time.process_time()
    missed: list[int] = []
    control = threading.Thread(target=lambda: missed.append(live(robots, rate_hz, seconds)))
    control.start()
    deadline_s = started_s + seconds + ACK_TIMEOUT_S
    while control.is_alive() or (
        any(robot.pending for robot in robots) and time.monotonic() < deadline_s
    ):
        executor.spin_once(timeout_sec=0.1)
    took_s = time.monotonic() - started_s
    latencies = np.concatenate([np.array(robot.latencies_s) for robot in robots])
    result = {
        'sent': sum(robot.folder.spool.newest_sequence for robot in robots),
        'pending': sum(robot.pending for robot in robots),
        'dropped': sum(robot.folder.spool.dropped for robot in robots),
        'resent': sum(robot.uplink.resent for robot in robots),
        'missed_ticks': missed[0],
        'seconds': took_s,
        'cpu_s': time.process_time() - cpu_s,
        'latencies_s': np.quantile(latencies, np.linspace(0, 1, 1001)).round(5).tolist(),
    }
    for robot in robots:
        robot.folder.close()
    print(json.dumps(result), flush=True)
    rclpy.shutdown()


def live(robots: list[Robot], rate_hz: float, seconds: float) -> int:
    """Step all robots at the control rate; return the number of missed periods."""
    ticks = round(rate_hz * seconds)
    started_s, missed = time.monotonic(), 0
    for tick in range(ticks):
        due_s = started_s + tick / rate_hz
        time.sleep(max(0.0, due_s - time.monotonic()))
        missed += time.monotonic() > due_s + 1 / rate_hz
        for robot in robots:
            robot.step()
    return missed


if __name__ == '__main__':
    description_path, spool_folder, *numbers = sys.argv[1:]
    main(
        description_path,
        spool_folder,
        int(numbers[0]),
        int(numbers[1]),
        float(numbers[2]),
        float(numbers[3]),
        int(numbers[4]),
    )
