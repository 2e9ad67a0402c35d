# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The peers' virtual environment `.venv-peers`, created once from bench/peers.txt."""

import hashlib
from pathlib import Path
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / '.venv-peers'
REQUIREMENTS = ROOT / 'bench' / 'peers.txt'


def peers_python() -> Path | None:
    """Return the peers' interpreter, installed if necessary; None if that fails."""
    stamp, python = FOLDER / 'complete', FOLDER / 'bin' / 'python'
    requirements_hash = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == requirements_hash:
        return python
    print('installing .venv-peers (a few minutes, 2 GB)', flush=True)
    install = [str(python), '-m', 'pip', 'install', '--quiet', '-r', str(REQUIREMENTS)]
    try:
        subprocess.run([sys.executable, '-m', 'venv', '--clear', FOLDER], check=True)
        subprocess.run(install, check=True)
    except subprocess.CalledProcessError as error:
        print(f'the peers cannot be installed: {error}', flush=True)
        return None
    stamp.write_text(requirements_hash)
    return python
