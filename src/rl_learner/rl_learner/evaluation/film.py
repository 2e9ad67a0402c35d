# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Films for people: MP4 and GIF from frames, drawn without a display."""

from collections.abc import Sequence
import os
from pathlib import Path
import shutil
from typing import Any

import numpy as np
from PIL import Image
from rl_agent.array_types import Frame
from rl_agent.errors import ConfigurationError

FILM_LONGEST_S = 20.0
FILMS = ('film.mp4', 'film.gif')
_GIF_WIDTH = 320
_GIF_FRAMES_PER_S = 20.0
_GIF_LONGEST_S = 5.0
_GIF_COLOURS = 96
_VIVID = 70  # between a colour's highest and lowest part, of 255
_WEIGHT_OF_VIVID = 12


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
    palette = _palette([np.asarray(picture) for picture in small])
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in small]
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000.0 * every / frames_per_s),
        loop=0,
        optimize=True,
    )


def _palette(frames: Sequence[Frame]) -> Image.Image:
    """Return one palette for all frames, so that what stands still does not flicker.

    Vivid colours count more: a robot's orange is few points, and lost among a grey floor's.
    """
    points = np.concatenate([frame[::6, ::6].reshape(-1, 3) for frame in frames])
    vivid = points.max(axis=1).astype(int) - points.min(axis=1) > _VIVID
    weighted = np.concatenate([points, *[points[vivid]] * _WEIGHT_OF_VIVID])
    return Image.fromarray(weighted[np.newaxis]).quantize(_GIF_COLOURS, kmeans=2)
