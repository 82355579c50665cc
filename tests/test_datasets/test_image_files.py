import shutil

import cv2
import mmengine.fileio
import numpy as np
import pytest
from layouts import write_image, write_lines

from sltnet_mm.datasets import BadImageError, LocalizationCSV
from sltnet_mm.datasets.image_files import check_image, looks_whole


def damage(path, how: str) -> None:
    content = path.read_bytes()
    {
        'missing': path.unlink,
        'empty': lambda: path.write_bytes(b''),
        'half': lambda: path.write_bytes(content[: len(content) // 2]),
        'last bytes': lambda: path.write_bytes(content[:-2]),
        'text': lambda: path.write_bytes(b'<html>404</html>'),
        'head only': lambda: path.write_bytes(content[:12]),
        'folder': lambda: (path.unlink(), path.mkdir()),
    }[how]()


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.bmp', '.webp', '.tiff'])
def test_good_images_pass_quickly(tmp_path, suffix):
    path = tmp_path / f'a{suffix}'
    write_image(path, shape=(40, 50))
    assert looks_whole(str(path))
    check_image(str(path))


def test_jpeg_with_padding_after_its_end_is_good(tmp_path, pipeline):
    write_image(tmp_path / 'a.jpg')
    with open(tmp_path / 'a.jpg', 'ab') as file:
        file.write(bytes(1000))
    write_lines(tmp_path / 'annotations.csv', 'image,label', 'a.jpg,x')
    assert not looks_whole(str(tmp_path / 'a.jpg'))
    assert LocalizationCSV(str(tmp_path), pipeline=pipeline)[0]['inputs'].shape == (3, 16, 16)


CASES = [
    (suffix, how)
    for suffix in ('.jpg', '.png')
    for how in ('missing', 'empty', 'half', 'last bytes', 'text', 'head only', 'folder')
    if not (suffix == '.png' and how == 'last bytes')  # those are IEND's checksum, which no decoder needs
]


@pytest.mark.parametrize(('suffix', 'how'), CASES)
def test_bad_images_raise_and_are_named(tmp_path, pipeline, suffix, how):
    path = tmp_path / f'bad{suffix}'
    write_image(path, shape=(60, 80))
    write_image(tmp_path / 'good.jpg')
    damage(path, how)
    assert how == 'text' or not looks_whole(str(path))  # no format known: left to the decoder
    write_lines(tmp_path / 'annotations.csv', 'image,label', f'bad{suffix},x', 'good.jpg,x')
    dataset = LocalizationCSV(str(tmp_path), pipeline=pipeline)
    with pytest.raises(BadImageError, match=f"bad{suffix}'.*on_bad_image='skip'"):
        dataset[0]
    assert dataset[1]['data_samples'].metainfo['img_id'] == 'good.jpg'


def test_other_formats_are_left_to_the_decoder_and_still_named(tmp_path, pipeline):
    write_image(tmp_path / 'a.bmp', shape=(60, 80))
    damage(tmp_path / 'a.bmp', 'head only')
    write_lines(tmp_path / 'annotations.csv', 'image,label', 'a.bmp,x')
    with pytest.raises(BadImageError, match='a.bmp'):
        LocalizationCSV(str(tmp_path), pipeline=pipeline)[0]


def test_errors_of_the_pipeline_itself_pass_unchanged(csv_root):
    def broken(results):
        raise KeyError('mine')

    with pytest.raises(KeyError, match='mine'):
        LocalizationCSV(str(csv_root), pipeline=[dict(type='LoadImageFromFile'), broken])[0]


def test_skip_drops_counts_and_lists(tmp_path, pipeline, caplog):
    names = [f'{i}.jpg' for i in range(6)]
    for seed, name in enumerate(names):
        write_image(tmp_path / name, seed)
    for name, how in (('1.jpg', 'missing'), ('2.jpg', 'half'), ('5.jpg', 'text')):
        damage(tmp_path / name, how)
    write_lines(tmp_path / 'annotations.csv', 'image,label', *(f'{name},x' for name in names))
    seen = []
    logged = 'sltnet_mm.datasets.base.print_log'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logged, lambda text, **kwargs: seen.append((text, kwargs.get('level'))))
        datasets = [LocalizationCSV(str(tmp_path), pipeline=pipeline, on_bad_image='skip') for _ in range(2)]
    for dataset in datasets:
        assert [dataset[i]['data_samples'].metainfo['img_id'] for i in range(len(dataset))] == [
            '0.jpg',
            '3.jpg',
            '4.jpg',
        ]
    warnings = [text for text, level in seen if level]
    assert len(warnings) == 2 and 'skipped 3 of 6 images' in warnings[0]
    assert all(name in warnings[0] for name in ('1.jpg', '2.jpg', '5.jpg')) and '3.jpg' not in warnings[0]


def test_skip_of_everything_is_an_error(tmp_path):
    write_lines(tmp_path / 'annotations.csv', 'image,label', 'a.jpg,x')
    with pytest.raises(BadImageError, match="none of the 1 images of split 'train' can be read"):
        LocalizationCSV(str(tmp_path), on_bad_image='skip')


def test_images_behind_another_file_backend(csv_root, tmp_path):
    moved = tmp_path / 'elsewhere'
    shutil.move(str(csv_root), str(moved))
    csv_root.mkdir()
    shutil.copy(moved / 'annotations.csv', csv_root)

    @mmengine.fileio.register_backend('moved', force=True)
    class Moved(mmengine.fileio.BaseStorageBackend):
        def get(self, filepath):
            return (moved / filepath.removeprefix(str(csv_root) + '/')).read_bytes()

        def get_text(self, filepath):
            raise NotImplementedError

    pipeline = [dict(type='LoadImageFromFile', backend_args=dict(backend='moved'))]
    for mode in ('error', 'skip'):
        image = LocalizationCSV(str(csv_root), pipeline=pipeline, on_bad_image=mode)[0]['img']
        assert (image == cv2.imread(str(moved / 'a.jpg'))).all()


def test_gray_filling_of_opencv_is_real(tmp_path):
    """Why the check exists: OpenCV gives an image for half a JPEG."""
    write_image(tmp_path / 'a.jpg', shape=(200, 200))
    damage(tmp_path / 'a.jpg', 'half')
    image = cv2.imread(str(tmp_path / 'a.jpg'))
    assert image is not None and np.ptp(image[-20:]) == 0
