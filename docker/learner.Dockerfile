# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
# The learner machine, and simulated robots: ROS 2 Jazzy, Reverb and PyTorch from pip, on a Python
# for which there is a Reverb. docs/containers.md explains it.
#
#   docker build --file docker/learner.Dockerfile --tag rl_learner:0.1.0 .
#
# By default with CUDA. On a machine without a GPU, PIP_EXTRA_INDEX_URL names PyTorch's CPU wheels.
ARG PYTHON=3.11-slim-bookworm

# What builds the packages, also for .devcontainer.
FROM python:${PYTHON} AS tools
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ git make \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 --shell /bin/bash rl

FROM tools AS build
WORKDIR /opt/rl
COPY requirements requirements
COPY tools tools
ARG PIP_EXTRA_INDEX_URL=
# Without src, this installs the pinned packages only, and is repeated only when these change.
RUN PIP_NO_CACHE_DIR=1 python3 tools/setup_environment.py learner
COPY src src
RUN python3 tools/setup_environment.py learner \
 && .venv/bin/python -m pip uninstall --yes cmake ninja \
 && rm -rf .venv/setup/build log

FROM python:${PYTHON}
# Further packages, such as those that draw films: "libegl1 libgl1-mesa-dri"
ARG PACKAGES=
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini ${PACKAGES} \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/rl /opt/rl
# Any user may write here: compose files choose the one who owns the runs.
RUN install --directory --mode=1777 /data /data/runs /home/rl
ENV HOME=/home/rl PATH=/opt/rl/.venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /data
VOLUME /data/runs
USER 1000:1000
ENTRYPOINT ["tini", "--"]
CMD ["demo"]
