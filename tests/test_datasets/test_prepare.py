"""The prepare tools and verify, on small copies of the archives as they are downloaded."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from layouts import (
    box_xml,
    settle,
    write_cubv2,
    write_ilsvrc,
    write_image,
    write_imagenetv2,
    write_lines,
    write_openimages,
    write_text,
)
from PIL import Image
from scipy.io import savemat

from sltnet_mm.datasets import CUBLocalization, ILSVRCLocalization, LocalizationList

TOOLS = Path(__file__).parents[2] / 'tools' / 'dataset_converters'


@pytest.fixture
def tool(monkeypatch):
    """Run a tool by its name with arguments, in this process."""
    monkeypatch.syspath_prepend(str(TOOLS))

    def call(name: str, *args) -> None:
        module = __import__(name)
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        module.main() if name == 'verify' else __import__('unpacking').run(module.main)

    return call


def fails(capsys, call, *args) -> str:
    """What a tool that must end with an error said."""
    with pytest.raises(SystemExit) as error:
        call(*args)
    assert error.value.code not in (0, None)
    return str(error.value.code) + capsys.readouterr().out


def pack(path: Path, files: dict[str, bytes]) -> Path:
    """A tar, tar.gz or zip with these files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.zip':
        with zipfile.ZipFile(path, 'w') as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, 'w:gz' if path.suffix in ('.gz', '.tgz') else 'w') as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def files_below(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob('*')) if path.is_file()}


def tar_bytes(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w') as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def ilsvrc_downloads(tmp_path):
    """The four official files; the devkit numbers the classes otherwise than the sorted WordNet ids do."""
    source = tmp_path / 'source'
    write_ilsvrc(source)
    for path in [*source.rglob('n0[12]*')][::-1]:  # WordNet ids have eight digits
        path.rename(path.with_name(path.name.replace('n01', 'n01440764').replace('n02', 'n02119789')))
    files = files_below(source)
    folder = tmp_path / 'downloads'
    inner: dict[str, dict[str, bytes]] = {}
    for name, content in files.items():
        if name.startswith('train/'):
            _, label, image = name.split('/')
            inner.setdefault(f'{label}.tar', {})[image] = content
    pack(folder / 'ILSVRC2012_img_train.tar', {name: tar_bytes(content) for name, content in inner.items()})
    pack(folder / 'ILSVRC2012_img_val.tar', {name[4:]: c for name, c in files.items() if name.startswith('val/')})
    xmls = {
        name.removeprefix('annotations/'): content.replace(b'n01', b'n01440764').replace(b'n02', b'n02119789')
        for name, content in files.items()
        if name.endswith('.xml')
    }
    pack(folder / 'ILSVRC2012_bbox_val_v3.tgz', xmls)
    synsets = [dict(ILSVRC2012_ID=i, WNID=name, words='x') for i, name in enumerate(('n02119789', 'n01440764'), 1)]
    savemat(tmp_path / 'meta.mat', dict(synsets=synsets))
    devkit = {
        'ILSVRC2012_devkit_t12/data/meta.mat': (tmp_path / 'meta.mat').read_bytes(),
        'ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt': b'1\n2\n1\n',
        'ILSVRC2012_devkit_t12/readme.txt': b'x',
    }
    pack(folder / 'ILSVRC2012_devkit_t12.tar.gz', devkit)
    return folder


LABELS = 'ILSVRC2012_val_00000001.JPEG n02119789\nILSVRC2012_val_00000002.JPEG n01440764\n' + (
    'ILSVRC2012_val_00000003.JPEG n02119789\n'
)


def test_ilsvrc(ilsvrc_downloads, tool, tmp_path, capsys):
    out = tmp_path / 'ILSVRC'
    tool('prepare_ilsvrc', *sorted(ilsvrc_downloads.iterdir()), '--out', out)
    assert (out / 'val_labels.txt').read_text() == LABELS
    train, test = ILSVRCLocalization(str(out)), ILSVRCLocalization(str(out), split='test')
    assert train.metainfo['classes'] == ('n01440764', 'n02119789')
    assert [train.get_data_info(i)['img_id'] for i in (0, 3)] == [
        'n01440764/n01440764_1.JPEG',
        'n02119789/n02119789_5.JPEG',
    ]
    assert [test.get_data_info(i)['gt_label'] for i in range(3)] == [1, 0, 1]
    before = files_below(out)
    capsys.readouterr()
    tool('prepare_ilsvrc', *sorted(ilsvrc_downloads.iterdir()), '--out', out)
    assert files_below(out) == before and capsys.readouterr().out.count(', 0 of them new') == 4
    with pytest.raises(SystemExit, match='0'):
        tool('verify', 'ilsvrc', out, '--any-size')
    assert 'good   ilsvrc test: 3 images, 2 of 2 classes, 4 boxes, 3 images opened' in capsys.readouterr().out


def test_ilsvrc_of_kaggle(ilsvrc_downloads, tool, tmp_path, capsys):
    source = tmp_path / 'ILSVRC'
    tool('prepare_ilsvrc', *sorted(ilsvrc_downloads.iterdir()), '--out', source)
    files = files_below(source)
    below = {
        'train/': 'Data/CLS-LOC/train/',
        'val/': 'Data/CLS-LOC/val/',
        'annotations/val/': 'Annotations/CLS-LOC/val/',
    }
    packed = {
        'ILSVRC/' + name.replace(part, target, 1): content
        for name, content in files.items()
        for part, target in below.items()
        if name.startswith(part)
    }
    archive = pack(tmp_path / 'imagenet_object_localization_patched2019.tar.gz', packed)
    out = tmp_path / 'kaggle'
    first = 'ILSVRC/Annotations/CLS-LOC/val/ILSVRC2012_val_00000001.xml'
    assert 'boxes have 2 classes, so the label is unknown' in fails(
        capsys, tool, 'prepare_ilsvrc', archive, '--out', out
    )
    packed[first] = box_xml([('n02119789', 1, 2, 11, 12)]).encode()
    archive = pack(archive, packed)
    said = fails(capsys, tool, 'prepare_ilsvrc', archive, '--out', out)
    assert 'val_00000001.xml exists and has' in said and '--overwrite' in said
    tool('prepare_ilsvrc', archive, '--out', out, '--overwrite')
    assert (out / 'val_labels.txt').read_text() == LABELS
    assert {name for name in files_below(out)} == {name for name in files if not name.startswith('devkit/')}


def test_ilsvrc_without_labels(ilsvrc_downloads, tool, tmp_path, capsys):
    out = tmp_path / 'out'
    said = fails(capsys, tool, 'prepare_ilsvrc', ilsvrc_downloads / 'ILSVRC2012_img_val.tar', '--out', out)
    assert '3 of 3 images' in said and 'have no label' in said and 'devkit' in said
    (out / 'val/ILSVRC2012_val_00000002.JPEG').unlink()
    said = fails(capsys, tool, 'prepare_ilsvrc', ilsvrc_downloads / 'ILSVRC2012_devkit_t12.tar.gz', '--out', out)
    assert 'has 2 images, but the devkit has 3' in said


@pytest.mark.parametrize('at', [0, 1, 4])
def test_interrupted_tool_resumes(ilsvrc_downloads, tool, tmp_path, monkeypatch, capsys, at):
    archives = sorted(ilsvrc_downloads.iterdir())
    tool('prepare_ilsvrc', *archives, '--out', tmp_path / 'whole')
    import unpacking

    moved, replace = [], unpacking.os.replace

    def interrupted(source, target):
        if len(moved) == at:
            raise KeyboardInterrupt
        moved.append(target)
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(unpacking.os, 'replace', interrupted)
        assert 'run the same command again' in fails(
            capsys, tool, 'prepare_ilsvrc', *archives, '--out', tmp_path / 'cut'
        )
    assert files_below(tmp_path / 'cut') != files_below(tmp_path / 'whole')
    tool('prepare_ilsvrc', *archives, '--out', tmp_path / 'cut')
    assert files_below(tmp_path / 'cut') == files_below(tmp_path / 'whole')


@pytest.mark.parametrize('keep', [0.0, 0.3, 0.6, 0.85])
@pytest.mark.parametrize('suffix', ['.tar', '.tgz', '.zip'])
def test_truncated_download(tmp_path, tool, capsys, suffix, keep):
    files = {f'001.Albatross/{i}.jpg': bytes(range(256)) * 40 + bytes([i]) for i in range(5)}
    whole = pack(tmp_path / f'CUBV2{suffix}', files)
    content = whole.read_bytes()
    cut = tmp_path / f'cut{suffix}'
    cut.write_bytes(content[: int(keep * len(content))])
    said = fails(capsys, tool, 'prepare_cub', cut, '--out', tmp_path / 'out')
    assert 'not an archive, or it is damaged' in said or 'has no file' in said
    complete = files_below(tmp_path / 'out')
    assert all(len(c) == 10241 for c in complete.values())
    said = fails(capsys, tool, 'prepare_cub', whole, '--out', tmp_path / 'out')
    assert 'has images but no lists' in said
    assert {name[-5:]: c for name, c in files_below(tmp_path / 'out').items()} == {
        name[-5:]: c for name, c in files.items()
    }


def test_a_tar_cut_between_two_files(tmp_path, tool, capsys):
    whole = pack(tmp_path / 'whole.tar', {f'001.Albatross/{i}.jpg': bytes(1000) for i in range(3)})
    (tmp_path / 'cut.tar').write_bytes(whole.read_bytes()[: 2 * (512 + 1024)])
    for name, expected in (('cut', True), ('whole', False)):
        with pytest.raises(SystemExit):
            tool('prepare_cub', tmp_path / f'{name}.tar', '--out', tmp_path / name)
        assert ('has no end mark. Is it truncated?' in capsys.readouterr().err) == expected
    assert len(files_below(tmp_path / 'cut')) == 2


def test_damage_inside(tmp_path, tool, capsys):
    noise = np.random.default_rng(0).bytes(30000)
    archive = pack(tmp_path / 'a.tgz', {'001.Albatross/1.jpg': noise, '001.Albatross/2.jpg': noise})
    content = bytearray(archive.read_bytes())
    content[10000:10020] = b'x' * 20
    archive.write_bytes(content)
    assert 'damaged or truncated' in fails(capsys, tool, 'prepare_cub', tmp_path / 'a.tgz', '--out', tmp_path / 'out')
    assert 'does not exist' in fails(capsys, tool, 'prepare_cub', tmp_path / 'none.tgz', '--out', tmp_path / 'out')
    other = pack(tmp_path / 'other.tgz', {'readme.txt': b'x'})
    said = fails(capsys, tool, 'prepare_cub', other, '--out', tmp_path / 'out')
    assert "has no file of this data set (1 others, such as 'readme.txt')" in said


def test_archive_with_a_member_outside_the_output_folder(tmp_path, tool, capsys):
    for name in ('CUB_200_2011/images/001.A/../../../../x.jpg', '../train/../x.jpg'):
        archive = pack(tmp_path / 'evil.tar', {name: b'x'})
        fails(capsys, tool, 'prepare_cub', archive, '--out', tmp_path / 'a' / 'b')
    archive = pack(tmp_path / 'evil.zip', {'train/../..jpg': b'x', 'train/../x.jpg': b'x'})
    said = fails(capsys, tool, 'prepare_openimages', archive, '--lists', tmp_path, '--out', tmp_path / 'a' / 'b')
    assert 'is outside the output folder' in said
    assert not list(tmp_path.rglob('*x.jpg'))


@pytest.mark.parametrize('prefix', ['', 'CUBV2/', './'])
def test_cub(cub_root, tool, tmp_path, prefix, capsys):
    write_cubv2(cub_root)
    files = files_below(cub_root)
    cub = {f'CUB_200_2011/{name}': content for name, content in files.items() if not name.startswith('CUBV2')}
    cub |= {'attributes.txt': b'x', 'CUB_200_2011/parts/parts.txt': b'x'}
    cubv2 = {prefix + name[13:]: content for name, content in files.items() if name.startswith('CUBV2/images')}
    out, lists = tmp_path / 'out', cub_root / 'CUBV2' / 'lists'
    archives = pack(tmp_path / 'CUB_200_2011.tgz', cub), pack(tmp_path / 'CUBV2.tar', cubv2)
    tool('prepare_cub', *archives, '--lists', lists, '--out', out)
    assert files_below(out) == files
    assert len(CUBLocalization(str(out), 'val')) == 2
    for name in ('cub', 'cubv2'):
        with pytest.raises(SystemExit, match='0'):
            tool('verify', name, out, '--any-size')
    assert '3 images, 2 of 2 classes' in capsys.readouterr().out
    write_lines(lists / 'localization.txt', 'image_id,x0,y0,x1,y1', '11789,176,136,282,155')
    said = fails(capsys, tool, 'prepare_cub', '--lists', lists, '--out', out, '--overwrite')
    assert 'release/' in said and 'metadata/ of github.com/clovaai/wsolevaluation' in said
    assert files_below(out) == files


@pytest.mark.parametrize('lists_hashed', [True, False])
@pytest.mark.parametrize('images_hashed', [True, False])
def test_imagenetv2(tool, tmp_path, images_hashed, lists_hashed, capsys):
    write_imagenetv2(tmp_path / 'source', images_hashed, lists_hashed)
    images = files_below(tmp_path / 'source' / 'val2')
    folder = 'imagenetv2-threshold0.7-format-val' if images_hashed else 'imagenetv2-threshold0.7'
    archive = pack(tmp_path / 'v2.tar.gz', {f'{folder}/{name}': content for name, content in images.items()})
    lists, out = tmp_path / 'source/metadata/ILSVRC/val', tmp_path / 'out'
    tool('prepare_imagenetv2', archive, '--lists', lists, '--out', out)
    assert ('named as in the other edition' in capsys.readouterr().out) == (images_hashed != lists_hashed)
    dataset = ILSVRCLocalization(str(out), split='val', classes=['a', 'b'])
    assert [Path(dataset.get_data_info(i)['img_path']).is_file() for i in range(2)] == [True, True]
    assert [len(dataset.get_data_info(i)['instances']) for i in range(2)] == [2, 1]
    (out / dataset.get_data_info(0)['img_id']).unlink()
    said = fails(capsys, tool, 'prepare_imagenetv2', '--lists', lists, '--out', out)
    assert '1 of the 2 images' in said and 'first: val2/0/' in said


def test_openimages(tool, tmp_path, capsys):
    source, out = tmp_path / 'source', tmp_path / 'out'
    write_openimages(source)
    files = files_below(source)
    images = {name: content for name, content in files.items() if name.endswith('.jpg')}
    masks = {name: content for name, content in files.items() if name.endswith('.png')}
    archives = pack(tmp_path / 'OpenImages_images.zip', images), pack(tmp_path / 'OpenImages_annotations.zip', masks)
    tool('prepare_openimages', *archives, '--lists', source / 'metadata/OpenImages', '--out', out)
    assert files_below(out) == files
    assert len(LocalizationList(str(out), 'metadata/OpenImages', split='test', localization='masks')) == 2
    with pytest.raises(SystemExit, match='0'):
        tool('verify', 'openimages', out, '--any-size')
    (out / 'val/01226z/aa_m2.png').unlink()
    (out / 'test/0138tl/bb_m1.png').write_bytes(masks['test/0138tl/bb_m1.png'][:-30])
    said = fails(capsys, tool, 'verify', 'openimages', out, '--any-size')
    assert 'WRONG  val: 1 files are missing: ' in said and 'val/01226z/aa_m2.png' in said
    assert "test: Image '" in said and "bb_m1.png' is truncated or damaged" in said
    assert 'good   openimages train: 2 images' in said


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda root: None, ['train: 5 images instead of 1281167', 'test: 2 classes instead of 1000']),
        (lambda root: (root / 'val_labels.txt').unlink(), ["val_labels.txt', does not exist"]),
        (lambda root: write_text(root / 'train/n03.tar', 'x'), ['n03.tar', 'only partly unpacked']),
        (
            lambda root: (root / 'train/n01/n01_1.JPEG').write_bytes(b'\xff\xd8\xff'),
            ['WRONG  train: File', 'n01_1.JPEG', 'is not an image'],
        ),
        (
            lambda root: write_image(root / 'val/ILSVRC2012_val_00000002.JPEG', shape=(10, 20)),
            ['val_00000002.JPEG: the box [0.0, 0.0, 30.0, 20.0] extends beyond the image of 20 x 10'],
        ),
    ],
)
def test_verify_reports_what_is_wrong(tmp_path, tool, capsys, change, words):
    write_ilsvrc(tmp_path)
    change(tmp_path)
    settle(tmp_path)
    said = fails(capsys, tool, 'verify', 'ilsvrc', tmp_path)
    assert all(word in said for word in words)
    assert said.splitlines()[0].startswith('1WRONG')  # the exit code, then the problems before anything else


def test_verify_notes_rotated_images(tmp_path, tool, capsys):
    write_ilsvrc(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter to the right
    path = tmp_path / 'val/ILSVRC2012_val_00000003.JPEG'
    with Image.open(path) as image:
        image.load()
        image.save(path, exif=exif)
    with pytest.raises(SystemExit, match='0'):
        tool('verify', 'ilsvrc', tmp_path, '--any-size')
    said = capsys.readouterr().out
    assert 'NOTE   test: 1 images have an EXIF orientation, loaded as stored: ' in said
    assert 'val_00000003.JPEG' in said
