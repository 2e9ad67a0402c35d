# `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup setup-learner setup-robot demo dashboard evaluate plot test test-properties test-faults \
  test-gazebo test-containers soak fuzz check docs bench clean

python := .venv/bin/python
# mypy accepts only one module of a name
typed := src/rl_agent/rl_agent src/rl_learner/rl_learner $(filter-out src/%/conftest.py, \
  $(wildcard src/*/test/*.py src/*/test/*/*.py test/*.py test/*/*.py test/*/*/*.py bench/*.py bench/*/*.py tools/*.py))
# A sourced ROS installation is for another Python: keep its variables out.
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH
unexport LD_LIBRARY_PATH PYTHONHOME PYTHONPATH RMW_IMPLEMENTATION

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo 'Options of demo: SEED=3 ROBOTS=2 ROBOT=pendulum ALGORITHM=tqc NAME=first STEPS=8000 DEVICES=2'
	@echo 'or of any Gymnasium task: TASK=Hopper-v5 TARGET=3000 VECTORISED=1'
	@echo 'Options of dashboard and evaluate: RUN=runs/first; of dashboard also PORT=6006'
	@echo 'Options of plot: RUNS="runs/first runs/second"'
	@echo 'Options of soak: HOURS=0.05 SEED=3 ROBOTS=8'
	@echo "Options of evaluate, plot, soak and bench: ARGS='--help' and the options that it lists"
	@echo "Options of test: JOBS=2 (parallel tests) ARGS='-x test/robots'"
	@echo 'Options of fuzz: INPUTS=20000 JOBS=2 TARGETS=journal,spool (progress is kept in .fuzz)'
	@echo 'Option of test-containers: KEEP=FOLDER (an existing folder, which keeps images for the next run)'
	@echo 'Option of setup: PYTHON=python3.11 (a 3.11 or 3.10 that is not found automatically)'
	@echo 'Option of setup-robot: PYTHON=python3.12 (or 3.11, or 3.10)'

define set_up
@for python in python3 python3.11 python3.10 python3.12 /usr/bin/python3 "$$PYTHON"; do \
  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2> /dev/null; then \
    exec "$$python" tools/setup_environment.py $(1); \
  fi; \
done; \
echo 'setup: no Python 3.8 or later to run the set-up: sudo apt install python3' >&2; \
exit 1
endef

setup:  ## create .venv with all pinned packages, and build rl_msgs into it
	$(call set_up)

setup-learner:  ## the same without what only tests need, for a learner machine
	$(call set_up,learner)

setup-robot:  ## create .venv-robot: what a robot needs, without PyTorch and Reverb
	$(call set_up,robot)

option = $(if $($(1)),--$(2) '$(subst ','\'',$($(1)))')
# Some systems use an environment variable NAME for other purposes.
name = $(if $(filter command,$(firstword $(origin NAME))),$(call option,NAME,name))

demo: setup  ## let simulated robots learn through ROS 2 and Reverb
	@exec $(python) -m rl_learner.cli.demo $(call option,SEED,seed) $(call option,ROBOTS,robots) \
	  $(call option,ROBOT,robot) $(call option,ALGORITHM,algorithm) $(call option,STEPS,steps) \
	  $(call option,TASK,task) $(call option,TARGET,target) \
	  $(call option,DEVICES,devices) $(if $(VECTORISED),--vectorised) $(name)

dashboard: setup  ## open TensorBoard on all runs, or on one: RUN=runs/first
	@exec $(python) -m rl_learner.cli.dashboard $(if $(RUN),'$(RUN)') $(call option,PORT,port)

evaluate: setup  ## evaluate a policy: make evaluate RUN=runs/first
	@exec $(python) -m rl_learner.cli.evaluate $(if $(RUN),'$(RUN)') $(ARGS)

plot: setup  ## draw learning curves: make plot RUNS="runs/first runs/second"
	@exec $(python) -m rl_learner.cli.plot $(RUNS) $(ARGS)

check: setup  ## check format, lint, types and the links of the documentation
	@$(python) -m ruff format --check .
	@$(python) -m ruff check .
	@$(python) -m mypy $(typed)
	@.venv/bin/hadolint docker/*.Dockerfile
	@$(python) -m pytest -q -p no:cacheprovider test/project/test_documentation.py -k links

test: check  ## run all checks and tests
	@# The time limits of pytest do not end a call that hangs in C.
	@exec timeout --foreground --kill-after=10 3400 $(python) -m pytest \
	  -n $(or $(JOBS),$(shell expr $$(nproc) + 1)) --dist loadgroup -o session_timeout=3300 $(ARGS)

test-properties: setup  ## let 100,000 random sequences of events try to break the bounds of commands
	@RL_TEST_SEQUENCES=$(or $(SEQUENCES),100000) exec $(python) -m pytest \
	  src/rl_agent/test/environment/test_every_command.py -n $(or $(JOBS),$(shell nproc)) \
	  -o timeout=0 -o session_timeout=86400 -o faulthandler_timeout=0 $(ARGS)

test-faults: setup  ## test a run with killed processes and with a bad network
	@RL_TEST_KILLS=1 RL_TEST_NETWORK=1 RL_TEST_CUT_S=30 exec $(python) -m pytest \
	  test/experience/test_killed_agent.py test/experience/test_ten_kills.py test/experience/test_network_faults.py \
	  test/learning/test_demo_with_ranks.py -v $(ARGS)

test-gazebo: setup  ## let robots drive and learn in Gazebo 11, downloaded into .gazebo
	@exec $(python) test/gazebo_runs/run.py

test-containers: setup  ## build the container images and run the compose files, with Podman and without Docker
	@RL_TEST_CONTAINERS='$(or $(KEEP),1)' exec $(python) -m pytest test/containers -v \
	  -o timeout=3600 -o faulthandler_timeout=0 $(ARGS)

soak: setup  ## let a fleet learn in real time for hours while its processes are killed: HOURS=1
	@exec $(python) test/soak/soak.py $(call option,HOURS,hours) $(call option,SEED,seed) \
	  $(call option,ROBOTS,robots) $(ARGS)

fuzz: setup  ## give 1,000,000 broken messages and files to every reader; goes on after Ctrl-C
	@exec $(python) test/fuzz/fuzz.py --jobs $(or $(JOBS),$(shell nproc)) \
	  $(call option,INPUTS,inputs) $(call option,TARGETS,targets) $(ARGS)

docs: .venv-docs/made  ## build the documentation as a site in site/
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict

.venv-docs/made: requirements/docs.txt
	@rm -rf .venv-docs
	@$(or $(PYTHON),python3) -m venv .venv-docs
	@.venv-docs/bin/pip install --quiet --disable-pip-version-check --requirement=$<
	@touch $@

bench: setup  ## run a benchmark: make bench BENCH=name
	@if [ ! -f 'bench/$(BENCH).py' ]; then \
	  echo "bench: no benchmark named '$(BENCH)'; accepted: BENCH=" \
	    $(basename $(notdir $(wildcard bench/*.py))) >&2; \
	  exit 2; \
	fi; \
	exec $(python) 'bench/$(BENCH).py' $(ARGS)

clean:  ## remove everything generated, except runs/ and .gazebo/
	rm -rf .venv .venv-robot .venv-docs .venv.lock build install log site .mypy_cache .pytest_cache \
	  .ruff_cache .fuzz
	find src bench test tools launch -name __pycache__ -prune -exec rm -rf {} +
