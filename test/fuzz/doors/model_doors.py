# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Trained models: checkpoints, ONNX and TorchScript files."""

from pathlib import Path
from random import Random
from typing import Any

from description_doors import ROBOT
from door import Door
from odd_values import break_tree, odd_text, odd_value
import onnx
from policy_doors import check_actions, policies, SPACES
from rl_agent.policy.policy import Policy
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.export import onnx_file, torchscript_file
from rl_learner.export.load_policy import load_source
from rl_learner.export.policy_with_robot import POLICY_KEY, PolicyWithRobot, ROBOT_KEY
from rl_learner.run.folder import CHECKPOINTS
from rl_learner.run.manifest import next_start, write_run
from rl_learner.training import checkpoint_file
from rl_learner.training.update import Update
import torch

_SMALL = {'actor_hidden_sizes': [4], 'critic_hidden_sizes': [4]}


class CheckpointDoor(Door):
    """A checkpoint of a run, from which its policy is loaded."""

    def __init__(self, folder: Path, *, whole: bool) -> None:
        """Begin.

        Args:
            folder: of the run.
            whole: broken ones have the right hash, so that their content counts; otherwise only
                bytes change.
        """
        self._whole = whole
        algorithm = load_algorithm('sac', _SMALL)
        write_run(folder, next_start(folder, ROBOT, algorithm, {}, 'a'))
        self._path = folder / CHECKPOINTS / 'checkpoint_000000000001.pt'
        self._path.parent.mkdir()
        update = Update(algorithm, SPACES.observation_size, SPACES.action_size, seed=0)
        self._state = {'update': update.state_dict(), 'policy_version': 3}
        self.seeds = [checkpoint_file.encode(self._state)]
        if whole:
            torch.save({'format': 1, 'state': self._state}, self._path)
            self.seeds = [self._path.read_bytes()]

    def broken(self, rng: Random) -> bytes | None:
        """Return a checkpoint of another state."""
        if not self._whole:
            return None
        state = _break_state(self._state, rng)
        return checkpoint_file.encode(state)

    def give(self, data: bytes) -> None:
        """Load the checkpoint's policy."""
        self._path.write_bytes(data)
        policy = load_source(self._path)
        assert self._whole or data == self.seeds[0], 'a changed checkpoint was loaded'
        check_actions(Policy(policy.parameters))


def _break_state(state: dict[str, Any], rng: Random) -> Any:
    """Return a copy of nested mappings of tensors with a broken place."""
    parent, key = rng.choice(_places(broken := [_copied(state)]))
    value = parent[key]
    change = rng.randrange(5)
    if change == 0 and isinstance(parent, dict):
        del parent[key]
    elif change <= 2 and isinstance(value, torch.Tensor):
        parent[key] = rng.choice(_ODD_TENSORS)(value)
    else:
        parent[key] = odd_value(rng)
    return broken[0]


def _copied(value: Any) -> Any:
    """Return a copy of nested mappings and lists with the same tensors."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, (list, tuple)) else value


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return parent and key of every value."""
    found, parents = [], [tree]
    while parents:
        parent = parents.pop()
        for key in list(parent) if isinstance(parent, dict) else range(len(parent)):
            found.append((parent, key))
            if isinstance(parent[key], (dict, list)):
                parents.append(parent[key])
    return found


_ODD_TENSORS = (
    lambda tensor: tensor.flatten()[:1],
    lambda tensor: torch.full_like(tensor, float('nan')) if tensor.is_floating_point() else tensor,
    lambda tensor: tensor.to(torch.complex64),
    lambda tensor: tensor.to(torch.bool),
    lambda tensor: tensor.to_sparse(),
    lambda tensor: torch.zeros(0),
    lambda tensor: tensor.expand(3, *tensor.shape),
    lambda tensor: tensor.double() * 1e300,
)


class OnnxDoor(Door):
    """A policy as ONNX file."""

    def __init__(self, folder: Path) -> None:
        """Begin."""
        self._path = folder / 'policy.onnx'
        self.seeds = [onnx_file.encode(PolicyWithRobot(item, ROBOT)) for item in policies()]

    def broken(self, rng: Random) -> bytes | None:
        """Return a model with other metadata or other constants."""
        model = onnx.load_model_from_string(rng.choice(self.seeds))
        if rng.random() < 0.6:
            _break_metadata(model, rng)
        else:
            _break_constant(rng.choice(model.graph.initializer), rng)
        data: bytes = model.SerializeToString()
        return data

    def give(self, data: bytes) -> None:
        """Load the policy."""
        self._path.write_bytes(data)
        check_actions(Policy(load_source(self._path).parameters))


def _break_metadata(model: Any, rng: Random) -> None:
    """Give a text in a model another value; some are JSON, others plain lists."""
    import json

    entry = rng.choice(model.metadata_props)
    try:
        content = json.loads(entry.value)
    except ValueError:
        entry.value = odd_text(rng)
    else:
        entry.value = json.dumps(break_tree(content, rng))


def _break_constant(tensor: Any, rng: Random) -> None:
    """Give a constant another shape, type or place."""
    change = rng.randrange(6)
    if change == 0:
        tensor.dims[:] = [rng.choice((0, -1, 1, 2**31, 2**40, 2**62))] * rng.choice((1, 2, 9))
    elif change == 1:
        tensor.data_type = rng.choice((0, 2, 8, 9, 10, 11, 14, 16, 17, 23, 99, -1))
    elif change == 2:
        tensor.raw_data = bytes(rng.choice((0, 3, 400)))
    elif change == 3:
        tensor.name = rng.choice(('', 'weight_9', 'observation_mean'))
    elif change == 4:
        tensor.ClearField('raw_data')
        tensor.float_data[:] = [1.0] * rng.choice((0, 1, 7))
    else:
        tensor.data_location = onnx.TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = 'location', rng.choice(('../../etc/passwd', '/dev/zero', 'x'))


class TorchScriptDoor(Door):
    """A policy as TorchScript file.

    Such a file is a program, and PyTorch's reader can be crashed by one, so only bytes change that
    its archive protects by checksums.
    """

    def __init__(self, folder: Path) -> None:
        """Begin."""
        self._path = folder / 'policy.pt'
        policy = PolicyWithRobot(policies()[0], ROBOT)
        self.seeds = [torchscript_file.encode(policy)]
        module = torch.jit.load(_written(self._path, self.seeds[0]))
        self._module = module
        self._texts = policy.metadata()

    def broken(self, rng: Random) -> bytes | None:
        """Return a module with other metadata."""
        import io
        import json

        texts = dict(self._texts)
        name = rng.choice((POLICY_KEY, POLICY_KEY, ROBOT_KEY))
        texts[name] = json.dumps(break_tree(json.loads(texts[name]), rng))
        if rng.random() < 0.1:
            texts.pop(name)
        content = io.BytesIO()
        torch.jit.save(self._module, content, _extra_files=texts)
        return content.getvalue()

    def give(self, data: bytes) -> None:
        """Load the policy."""
        check_actions(Policy(load_source(Path(_written(self._path, data))).parameters))


def _written(path: Path, data: bytes) -> str:
    """Write a file; return its path."""
    path.write_bytes(data)
    return str(path)
