# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Films for people: MP4 and GIF from frames, drawn without a display."""

from collections.abc import Sequence
import os
from pathlib import Path
import shutil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rl_agent.errors import ConfigurationError

Frame = NDArray[np.uint8]

FILM_LONGEST_S = 20.0
FILMS = ('film.mp4', 'film.gif')
_GIF_WIDTH = 320
_GIF_FRAMES_PER_S = 20.0
_GIF_LONGEST_S = 5.0


def render_without_display() -> None:
    """Let MuJoCo draw off-screen where there is no display; call it before MuJoCo is loaded."""
    if not os.environ.get('DISPLAY'):
        os.environ.setdefault('MUJOCO_GL', 'egl')
        os.environ.setdefault('SDL_VIDEODRIVER', 'dummy')


def check_ffmpeg() -> None:
    """Do nothing where films can be written.

    Raises:
        ConfigurationError: there is no ffmpeg.
    """
    try:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
        if shutil.which(program) is None:
            raise RuntimeError(f'{program}: not there, or not to be executed')
    except (ImportError, RuntimeError) as error:
        raise ConfigurationError(
            f'--film: no ffmpeg: {" ".join(str(error).split())}; accepted: after `make setup`,'
            ' which brings one, or with IMAGEIO_FFMPEG_EXE set to its path'
        ) from error


def write_film(folder: Path, frames: Sequence[Frame], frames_per_s: float) -> tuple[Path, Path]:
    """Write `film.mp4` in full and `film.gif` small; return their paths.

    Args:
        folder: where to.
        frames: (height, width, 3) each, all of one size.
        frames_per_s: as the film is to play.

    Raises:
        ConfigurationError: ffmpeg does not take them.
    """
    mp4, gif = (folder / name for name in FILMS)
    save_video(mp4, frames, frames_per_s)
    save_animation(gif, frames, frames_per_s)
    return mp4, gif


def save_video(path: Path, frames: Sequence[Frame], frames_per_s: float) -> None:
    """Write a film that every player and browser shows: H.264, 4:2:0, even sizes."""
    import imageio_ffmpeg

    height, width = (size - size % 2 for size in frames[0].shape[:2])
    writer: Any = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=frames_per_s,
        codec='libx264',
        pix_fmt_out='yuv420p',
        macro_block_size=2,
        ffmpeg_log_level='error',
    )
    try:
        writer.send(None)
        for frame in frames:
            writer.send(np.ascontiguousarray(frame[:height, :width]))
    except OSError as error:
        reason = ' '.join(str(error).split())[:200]
        raise ConfigurationError(f'--film: ffmpeg failed: {reason}') from error
    finally:
        writer.close()


def save_animation(path: Path, frames: Sequence[Frame], frames_per_s: float) -> None:
    """Write the first seconds as a small GIF that repeats itself, for README files."""
    every = max(1, round(frames_per_s / _GIF_FRAMES_PER_S))
    longest = round(_GIF_LONGEST_S * frames_per_s)
    chosen = [Image.fromarray(frame) for frame in frames[:longest:every]]
    width = min(_GIF_WIDTH, chosen[0].width)
    height = round(chosen[0].height * width / chosen[0].width)
    small = [picture.resize((width, height), Image.Resampling.LANCZOS) for picture in chosen]
    # one palette for all, so that what stands still does not flicker
    colours = [np.asarray(picture)[::4, ::4] for picture in small]
    palette = Image.fromarray(np.concatenate(colours)).quantize(128)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in small]
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000.0 * every / frames_per_s),
        loop=0,
        optimize=True,
    )
