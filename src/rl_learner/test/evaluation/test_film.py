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

"""MP4 and GIF files: pace, sizes and colours; complete or absent."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.evaluation.film import (
    check_ffmpeg,
    FILMS,
    save_animation,
    save_video,
    write_film,
)

Frames = list[NDArray[np.uint8]]


@pytest.fixture
def moving() -> Frames:
    """Return ten frames in which a white square moves to the right."""
    frames = np.zeros((10, 40, 64, 3), np.uint8)
    for number in range(10):
        frames[number, 10:30, 4 * number : 4 * number + 20] = 255
    return list(frames)


def test_an_animation_has_every_frame_and_the_right_pace(tmp_path: Path, moving: Frames) -> None:
    path = tmp_path / 'film.gif'
    save_animation(path, moving, 20.0)
    with Image.open(path) as picture:
        assert picture.size == (64, 40)
        assert getattr(picture, 'n_frames', 1) == 10
        assert picture.info['duration'] == 50
        assert picture.info['loop'] == 0


def test_an_animation_keeps_rare_vivid_colours(tmp_path: Path) -> None:
    """One palette for all frames, with the orange of 9 pixels among 4,096 shades of grey."""
    grey = np.arange(64 * 64, dtype=np.uint32).reshape(64, 64) * 255 // 4095
    frame = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    frame[30:33, 30:33] = (240, 120, 20)
    path = tmp_path / 'film.gif'
    save_animation(path, [frame, frame[::-1].copy()], 20.0)
    shown = iio.imread(path, mode='RGB')
    assert np.abs(shown[0][31, 31].astype(int) - (240, 120, 20)).max() < 12
    assert np.abs(shown[0].astype(int) - frame).mean() < 6
    np.testing.assert_array_equal(shown[0][0, 0], shown[1][-1, 0])


def test_a_video_is_an_mp4_of_that_length(tmp_path: Path, moving: Frames) -> None:
    from imageio_ffmpeg import count_frames_and_secs

    path = tmp_path / 'film.mp4'
    save_video(path, moving, 20.0)
    assert path.read_bytes()[4:8] == b'ftyp'
    frames, seconds = count_frames_and_secs(str(path))
    assert frames == 10
    assert seconds == pytest.approx(0.5, abs=0.06)


def test_a_film_plays(tmp_path: Path) -> None:
    """The decoded frames are nearly the given ones, also for odd sizes."""
    import imageio_ffmpeg

    frames = [np.full((65, 97, 3), 10 * number, np.uint8) for number in range(20)]
    mp4, gif = write_film(tmp_path, frames, 20.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILMS)
    reader = imageio_ffmpeg.read_frames(str(mp4))
    meta = next(reader)
    assert meta['size'] == (96, 64)
    assert meta['fps'] == pytest.approx(20.0)
    shown = [np.frombuffer(frame, np.uint8) for frame in reader]
    assert len(shown) == 20
    assert shown[10].mean() == pytest.approx(100, abs=5)
    with Image.open(gif) as picture:
        assert picture.size == (97, 65)
        assert getattr(picture, 'n_frames', 1) == 20


def test_a_missing_ffmpeg_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, moving: Frames
) -> None:
    check_ffmpeg()
    monkeypatch.setenv('IMAGEIO_FFMPEG_EXE', '/no/ffmpeg')
    with pytest.raises(ConfigurationError, match='--film: no ffmpeg'):
        check_ffmpeg()
    with pytest.raises(ConfigurationError, match='--film: no ffmpeg'):
        write_film(tmp_path, moving, 20.0)
    assert list(tmp_path.iterdir()) == []


# what ffmpeg does with its last argument, the file
FAILURES = {
    'at its start': 'exit 1',
    'during the film': 'head -c 9 > /dev/null; echo half > "$file"; exit 1',
    'at the end': 'cat > /dev/null; echo half > "$file"; exit 1',
    'without a file': 'cat > /dev/null; exit 1',
}


@pytest.mark.parametrize('commands', FAILURES.values(), ids=FAILURES)
def test_a_failing_ffmpeg_is_one_line_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, commands: str
) -> None:
    """Films of earlier frames stay."""
    program, folder = tmp_path / 'ffmpeg', tmp_path / 'films'
    last_argument = 'for file; do :; done; [ "$file" != - ] || exit 1'
    program.write_text(f'#!/bin/sh\n{last_argument}\n{commands}\n', encoding='utf-8')
    program.chmod(0o755)
    folder.mkdir()
    (folder / FILMS[0]).write_bytes(b'earlier')
    monkeypatch.setenv('IMAGEIO_FFMPEG_EXE', str(program))
    frames = [np.zeros((200, 320, 3), np.uint8)] * 20
    with pytest.raises(ConfigurationError, match='--film: ffmpeg failed: ') as caught:
        write_film(folder, frames, 20.0)
    assert len(str(caught.value).splitlines()) == 1
    assert [path.name for path in folder.iterdir()] == [FILMS[0]]
    assert (folder / FILMS[0]).read_bytes() == b'earlier'
