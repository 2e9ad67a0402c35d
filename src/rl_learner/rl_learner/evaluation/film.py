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

"""MP4 and GIF files from frames, written without a display."""

from collections.abc import Sequence
import os
from pathlib import Path
import shutil
import tempfile

import imageio.v3 as iio
import numpy as np
from PIL import Image
from rl_agent.array_types import Frame
from rl_agent.errors import ConfigurationError

FILMS = ('film.mp4', 'film.gif')
TASK_FILM_MAX_S = 20.0
ROBOT_FILM_MAX_S = 10.0  # in the robot's time; software rendering takes several times as long
_GIF_WIDTH = 320
_GIF_FRAMES_PER_S = 20.0
_GIF_MAX_S = 5.0
_GIF_COLOURS = 96
_VIVID_RANGE = 70  # highest minus lowest channel of a vivid colour, of 255
_VIVID_WEIGHT = 13


def render_without_display() -> None:
    """Let MuJoCo render off-screen if there is no display; call it before importing MuJoCo."""
    if not os.environ.get('DISPLAY'):
        os.environ.setdefault('MUJOCO_GL', 'egl')
        os.environ.setdefault('SDL_VIDEODRIVER', 'dummy')


def check_ffmpeg() -> None:
    """Check that ffmpeg is available.

    Raises:
        ConfigurationError: there is no ffmpeg.
    """
    try:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
        if shutil.which(program) is None:
            raise RuntimeError(f'{program}: missing or not executable')
    except (ImportError, RuntimeError) as error:
        reason = ' '.join(str(error).split())
        raise ConfigurationError(
            f'--film: no ffmpeg: {reason}; accepted: after `make setup`, which installs one, or'
            ' with IMAGEIO_FFMPEG_EXE set to its path'
        ) from error


def write_film(folder: Path, frames: Sequence[Frame], frames_per_s: float) -> tuple[Path, Path]:
    """Write all frames to `film.mp4` and the first seconds to a small `film.gif`.

    Both files appear, or on an error neither.

    Args:
        folder: where the files go; it must exist.
        frames: (height, width, 3) each, all of one size.
        frames_per_s: playback speed.

    Returns:
        The paths of the MP4 and the GIF file.

    Raises:
        ConfigurationError: ffmpeg is missing or fails.
    """
    check_ffmpeg()
    mp4, gif = (folder / name for name in FILMS)
    with tempfile.TemporaryDirectory(prefix='.film_', dir=folder) as name:
        partial = Path(name)
        save_video(partial / mp4.name, frames, frames_per_s)
        save_animation(partial / gif.name, frames, frames_per_s)
        for path in (mp4, gif):
            (partial / path.name).replace(path)
    return mp4, gif


def save_video(path: Path, frames: Sequence[Frame], frames_per_s: float) -> None:
    """Write an MP4 file that all players and browsers show: H.264, 4:2:0, even sizes.

    Raises:
        ConfigurationError: ffmpeg fails.
    """
    height, width = (size - size % 2 for size in frames[0].shape[:2])
    try:
        iio.imwrite(
            path,
            [frame[:height, :width] for frame in frames],
            plugin='FFMPEG',
            fps=frames_per_s,
            codec='libx264',
            pixelformat='yuv420p',
            macro_block_size=2,
            quality=5,
            ffmpeg_log_level='error',
        )
        iio.immeta(path, plugin='FFMPEG')  # imageio ignores how ffmpeg ended
    except OSError as error:
        reason = str(error).partition('\n')[0]
        raise ConfigurationError(f'--film: ffmpeg failed: {reason}') from error


def save_animation(path: Path, frames: Sequence[Frame], frames_per_s: float) -> None:
    """Write the first seconds as a small GIF that loops, for README files."""
    every = max(1, round(frames_per_s / _GIF_FRAMES_PER_S))
    longest = round(_GIF_MAX_S * frames_per_s)
    chosen = [Image.fromarray(frame) for frame in frames[:longest:every]]
    width = min(_GIF_WIDTH, chosen[0].width)
    height = round(chosen[0].height * width / chosen[0].width)
    small = [picture.resize((width, height), Image.Resampling.LANCZOS) for picture in chosen]
    palette = _palette([np.asarray(picture) for picture in small])
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in small]
    iio.imwrite(
        path,
        [np.asarray(picture) for picture in indexed],
        plugin='pillow',
        mode='P',
        palette=bytes(palette.getpalette() or ()),
        duration=round(1000.0 * every / frames_per_s),
        loop=0,
        optimize=True,
    )


def _palette(frames: Sequence[Frame]) -> Image.Image:
    """Return one palette for all frames, so that a still background does not flicker.

    Vivid colours count more: a robot's few orange pixels would be lost in a grey floor's many.
    """
    pixels = np.concatenate([frame[::6, ::6].reshape(-1, 3) for frame in frames])
    vivid = pixels.max(axis=1).astype(int) - pixels.min(axis=1) > _VIVID_RANGE
    weighted = np.repeat(pixels, np.where(vivid, _VIVID_WEIGHT, 1), axis=0)
    return Image.fromarray(weighted[np.newaxis]).quantize(_GIF_COLOURS, kmeans=2)
