# Copyright 2026 The rl_agent authors
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

"""NumPy's OpenBLAS uses kernels that fit the processor."""

import subprocess
import sys

import pytest
from rl_agent.real_time.blas import blas_environment, kernels_for

SAYS_ITS_KERNELS = """
import ctypes, os, pathlib
from rl_agent.real_time.blas import blas_environment
os.environ.update(blas_environment(os.environ))
import numpy
assert numpy.ones((3, 3)).dot(numpy.ones(3)).tolist() == [3.0] * 3
folder = pathlib.Path(numpy.__file__).parents[1] / 'numpy.libs'
for file in folder.glob('libopenblas*'):
    library = ctypes.CDLL(str(file))
    for name in ('openblas_get_corename64_', 'scipy_openblas_get_corename64_'):
        if hasattr(library, name):
            ask = getattr(library, name)
            ask.restype = ctypes.c_char_p
            print(os.environ.get('OPENBLAS_CORETYPE', ''), ask().decode())
"""
AVX2 = {'avx', 'avx2', 'fma', 'sse2'}
AVX512 = AVX2 | {'avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl'}


@pytest.mark.parametrize(
    ('flags', 'expected'),
    [
        (AVX512, 'SkylakeX'),
        (AVX512 - {'avx512vl'}, 'Haswell'),
        (AVX2, 'Haswell'),
        (AVX2 - {'fma'}, None),
        (set(), None),
    ],
)
def test_the_best_kernels_for_the_processor(flags: set[str], expected: str) -> None:
    assert kernels_for(flags) == expected


def test_values_in_the_environment_take_precedence() -> None:
    added = blas_environment({'OPENBLAS_NUM_THREADS': '2', 'OPENBLAS_CORETYPE': 'Zen'})
    assert added == {}
    assert blas_environment({})['OPENBLAS_NUM_THREADS'] == '1'


def test_openblas_uses_these_kernels() -> None:
    output = subprocess.run(
        [sys.executable, '-c', SAYS_ITS_KERNELS], capture_output=True, text=True, check=True
    ).stdout.split()
    if len(output) < 2:
        pytest.skip(f'nothing to choose: no OpenBLAS of its own, or no such processor: {output}')
    wanted, taken = output[:2]
    assert taken.lower() == wanted.lower()
