# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
# A robot's agent on ROS 2 from apt, for amd64 and arm64. docs/containers.md explains it.
#
#   docker build --file docker/robot.Dockerfile --tag rl_robot:0.1.0-jazzy .
#   docker build --file docker/robot.Dockerfile --build-arg ROS_DISTRO=humble --tag rl_robot:0.1.0-humble .
ARG ROS_DISTRO=jazzy

FROM ros:${ROS_DISTRO}-ros-base AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/rl
COPY requirements requirements
COPY .ci/robot_packages .ci/robot_packages
RUN python3 -m venv --system-site-packages .venv \
 && PATH="/opt/rl/.venv/bin:$PATH" PIP_NO_CACHE_DIR=1 .ci/robot_packages
COPY src/rl_msgs src/rl_msgs
COPY src/rl_agent src/rl_agent
RUN . "/opt/ros/$ROS_DISTRO/setup.sh" \
 && colcon build --merge-install --event-handlers console_direct+ \
      --cmake-args -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Release \
 && rm -rf build log

FROM ros:${ROS_DISTRO}-ros-base
# Further packages, such as the messages of your robot: "ros-jazzy-control-msgs"
ARG PACKAGES=
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3-cryptography tini ${PACKAGES} \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/rl/.venv /opt/rl/.venv
COPY --from=build /opt/rl/install /opt/rl/install
COPY docker/robot_entrypoint /opt/rl/entrypoint
# Any user may write here: the spool and the logs of ROS.
RUN install --directory --mode=1777 /data /home/rl
ENV HOME=/home/rl PYTHONUNBUFFERED=1 ROS_HOME=/data/ros
WORKDIR /data
VOLUME /data
USER 1000:1000
ENTRYPOINT ["tini", "--", "/opt/rl/entrypoint"]
CMD ["ros2", "launch", "rl_agent", "robot.launch.py", "--show-args"]
