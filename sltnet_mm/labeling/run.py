"""A run from a folder of photographs to boxes, step by step; every step is skipped where it was done before."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mmcv
from mmengine.config import Config

from sltnet_mm.labeling.box_sets import BoxSet
from sltnet_mm.labeling.choices import accuracy, choose, true_boxes
from sltnet_mm.labeling.command import read_boxes
from sltnet_mm.labeling.detector_config import detector_config
from sltnet_mm.labeling.formats import export_boxes
from sltnet_mm.labeling.label_tools import write_csv
from sltnet_mm.labeling.locating import Located, locate, read_located, write_located
from sltnet_mm.labeling.photograph_checks import CheckedPhotographs, check_photographs
from sltnet_mm.labeling.photographs import Photographs, read_photographs
from sltnet_mm.labeling.plan import Plan, make_plan
from sltnet_mm.labeling.results import apply_review, boxes_as_coco, read_review
from sltnet_mm.labeling.review_page import write_review_page
from sltnet_mm.labeling.run_config import make_config, write_config
from sltnet_mm.labeling.summary import boxes_in_words, write_summary
from sltnet_mm.labeling.training import fit_preprocessing, train
from sltnet_mm.models.box_source import BoxChoice
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.structures.box_file import write_box_file
from sltnet_mm.visualization.box_sheet import box_sheet
from sltnet_mm.weights.loading import load_checkpoint_file, protected_loading

_SETTINGS = 'settings.json'
_MADE = ('training', 'pictures', 'located.parts')
_LEAST_SPACE = 500 << 20  # bytes: checkpoints and pictures
_SHOWN = 10  # faults on the screen; left_out.csv has all


class Run:
    """A run from photographs to boxes.

    Args:
        photographs: Their folder.
        out: Folder of the results.
        network: A key of ``plan.CONFIGS``, or None.
        weights: File of pretrained weights, or None.
        epochs: Number of epochs, or None.
        seed: Seed of the training.
        device: 'cpu', 'cuda' or None.
        exports: Formats to export, of ``formats.FORMATS``.
        overwrite: Replace results of other settings.
        cfg_options: Other settings of the config, by dotted key.
    """

    def __init__(
        self,
        photographs: Path,
        out: Path,
        network: str | None = None,
        weights: Path | None = None,
        epochs: int | None = None,
        seed: int = 0,
        device: str | None = None,
        exports: Sequence[str] = (),
        overwrite: bool = False,
        cfg_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.photographs, self.out = photographs, out
        self.weights, self.exports, self.overwrite = weights, exports, overwrite
        self.cfg_options = dict(cfg_options or {})
        self._asked: dict[str, Any] = dict(network=network, epochs=epochs, device=device, seed=seed, weights=weights)
        self.decisions: list[str] = []

    def execute(self, check_only: bool = False) -> None:
        """Carry out the run, or its checks only; what happens is printed.

        Raises:
            ValueError: If the photographs cannot be used, or ``out`` has results of other settings.
            FileExistsError: If ``out`` is another folder with files.
        """
        checked = self._check()
        usable = checked.usable
        trained = len({row['image'] for row in usable.rows if row['split'] == 'train'})
        plan = make_plan(trained, len(usable.classes), **self._asked)
        self.decisions = list(plan.reasons)
        print('\nPlan:', *plan.reasons, sep='\n  ')
        if check_only:
            return
        self._prepare(plan, checked)
        cfg = self._config(plan, usable)
        with protected_loading():
            checkpoint = train(cfg)
        located = self._locate(cfg, checkpoint, plan.device)
        coco = self._choose(cfg, checkpoint, located, usable)
        detector = detector_config(coco, self.out / 'boxes.json', self.photographs, cfg)
        write_config(detector, self.out / 'detector.py')
        self._write(coco, usable, checked.warnings)

    def _check(self) -> CheckedPhotographs:
        found = read_photographs(self.photographs)
        if self.out.resolve().is_relative_to(self.photographs.resolve()):
            raise ValueError(f'--out: {self.out} lies inside PHOTOGRAPHS, where it would be taken for a class')
        checked = check_photographs(found)
        counts = Counter(checked.usable.labels.values())
        sizes = sorted(counts.values())
        print(
            f'{self.photographs}: {len(checked.usable.labels)} photographs of {len(counts)} classes, {sizes[0]} to '
            f'{sizes[-1]} per class'
        )
        if checked.left_out:
            print(f'{len(checked.left_out)} left out:')
            for name, reason in list(checked.left_out.items())[:_SHOWN]:
                print(f'  {name!r}: {reason}')
            if len(checked.left_out) > _SHOWN:
                print(f'  ... all of them in {self.out / "left_out.csv"}')
        for warning in checked.warnings:
            print(f'Note: {warning}')
        return checked

    def _prepare(self, plan: Plan, checked: CheckedPhotographs) -> None:
        """Make the folder, or see that it has results of the same settings."""
        rows = json.dumps(checked.usable.rows, sort_keys=True)
        settings = dict(
            photographs=str(self.photographs.resolve()),
            images=hashlib.sha256(rows.encode()).hexdigest(),
            network=plan.network,
            weights=None if self.weights is None else str(self.weights.resolve()),
            top_k=plan.top_k,
            epochs=plan.epochs,
            batch_size=plan.batch_size,
            seed=plan.seed,
            cfg_options={key: str(value) for key, value in self.cfg_options.items()},
        )
        path = self.out / _SETTINGS
        if path.is_file():
            before = json.loads(path.read_text(encoding='utf-8'))
            changed = [name for name, value in settings.items() if before.get(name) != value]
            if changed and not self.overwrite:
                raise ValueError(
                    f'{self.out} has the results of another run, which differs in {", ".join(changed)}. Use another '
                    '--out, or --overwrite to replace them'
                )
            if changed:
                self._remove()
        elif self.out.exists() and any(self.out.iterdir()):
            raise FileExistsError(f'--out: {self.out} is not empty and no result of sltnet-boxes. Use another folder')
        self.out.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(self.out).free) < _LEAST_SPACE:
            raise ValueError(
                f'--out: {free >> 20} MB are free for {self.out}, and {_LEAST_SPACE >> 20} are needed. Free some, or '
                'use a folder on another disk'
            )
        checked.usable.write_csv(self.out / 'annotations.csv')
        unboxed = [dict(row, split='train', x1='', y1='', x2='', y2='') for row in checked.usable.rows]
        Photographs(self.photographs, list({row['image']: row for row in unboxed}.values())).write_csv(
            self.out / 'all_images.csv'
        )
        _write_left_out(checked.left_out, self.out / 'left_out.csv')
        with atomic_write(path) as partial:
            partial.write_text(json.dumps(settings, indent=1), encoding='utf-8')

    def _remove(self) -> None:
        for name in _MADE:
            shutil.rmtree(self.out / name, ignore_errors=True)
        for name in (
            'config.py',
            'detector.py',
            'located.jsonl',
            'boxes.json',
            'boxes.csv',
            'review.html',
            'report.html',
        ):
            (self.out / name).unlink(missing_ok=True)

    def _config(self, plan: Plan, usable: Photographs) -> Config:
        cfg = make_config(plan, usable, self.out, self.weights, self.cfg_options)
        found = fit_preprocessing(cfg)
        if found is not None:
            text = f'preprocessing: {found.describe()}'
            if found.better is not None:
                text += f'; changed to {found.better.describe()}'
            self.decisions.append(text)
            print(f'  {text}')
        cfg.default_hooks.pop('preprocessing', None)
        write_config(cfg, self.out / 'config.py')
        return cfg

    def _locate(self, cfg: Config, checkpoint: Path, device: str) -> list[Located]:
        path, parts = self.out / 'located.jsonl', self.out / 'located.parts'
        if path.is_file() and path.stat().st_mtime >= checkpoint.stat().st_mtime:
            return read_located(path)
        located = locate(cfg, checkpoint, self.out / 'all_images.csv', device, parts)
        with atomic_write(path) as partial:
            write_located(located, partial)
        shutil.rmtree(parts, ignore_errors=True)
        return located

    def _choose(self, cfg: Config, checkpoint: Path, located: Sequence[Located], usable: Photographs) -> dict[str, Any]:
        """The boxes, and a config that gives the same ones in every other tool."""
        weights = load_checkpoint_file(checkpoint)
        choice = choose(located, BoxChoice.of_checkpoint(weights), true_boxes(usable, 'val'))
        self.decisions.extend(choice.reasons)
        cfg.model.pseudo_box.threshold = choice.threshold
        cfg.model.test_cfg = dict(cfg.model.get('test_cfg') or {}, box_from=choice.source, score_map=True)
        write_config(cfg, self.out / 'config.py')
        info = dict(config=str(self.out / 'config.py'), checkpoint=str(checkpoint), data_root=str(self.photographs))
        for split in ('val', 'test'):
            true = true_boxes(usable, split)
            measured = [record for record in located if record.image in true]
            if measured:
                rate = accuracy(measured, choice.source, choice.threshold, true)
                self.decisions.append(f'{rate:.1f} % of the {len(measured)} boxes of {split} are right (IoU above 0.5)')
        return boxes_as_coco(located, choice, usable.classes, info)

    def _write(self, coco: dict[str, Any], usable: Photographs, warnings: Sequence[str]) -> None:
        write_box_file(self.out / 'boxes.json', coco)
        boxes = BoxSet.of_coco(coco, self.photographs)
        with atomic_write(self.out / 'boxes.csv') as partial:
            write_csv(boxes, partial)
        shown = write_review_page(coco, self.photographs, self.out / 'review.html')
        true = true_boxes(usable, 'val') | true_boxes(usable, 'test')
        images = sorted(coco['images'], key=lambda image: -image['doubt'])
        (self.out / 'pictures').mkdir(exist_ok=True)
        for name, some in (('most_doubtful', images[:60]), ('surest', images[::-1][:60])):
            sheet = box_sheet(coco, self.photographs, some, true=true)
            mmcv.imwrite(sheet[..., ::-1], str(self.out / 'pictures' / f'{name}.png'))
        checkpoint = coco['info']['checkpoint']
        commands = [
            f'sltnet-boxes apply-review {self.out} review.json --export yolo',
            f'python tools/train.py {self.out / "detector.py"}',
            f'python tools/generate_pseudo_boxes.py {self.out / "config.py"} {checkpoint} --out more.json',
        ]
        write_summary(
            self.out / 'report.html', coco, self.photographs, self.decisions, warnings, self.out / 'training', commands
        )
        for form in self.exports:
            print(f'{form}: {_exported(boxes, self.out / "export" / form, form, self.overwrite)}')
        print()
        print(*boxes_in_words(coco), sep='\n')
        print(*self.decisions[len(self.decisions) - 3 :], sep='\n')
        print(f'\nBoxes: {self.out / "boxes.json"}, {self.out / "boxes.csv"}\nReport: {self.out / "report.html"}')
        print(f'Review: open {self.out / "review.html"} in a browser ({shown} photographs, the most doubtful first)')


def merge_review(result: Path, review: Path, only_reviewed: bool, exports: Sequence[str], overwrite: bool) -> Path:
    """Write ``boxes.reviewed.json``: the boxes of a run with a review merged into them.

    Args:
        result: Folder of the run.
        review: File that its page saved.
        only_reviewed: Leave out images whose box was not reviewed.
        exports: Formats to export, into ``result/reviewed/FORMAT``.
        overwrite: Replace earlier ones.

    Returns:
        The file.

    Raises:
        FileExistsError: If the file exists, and ``overwrite`` is False.
        FileNotFoundError: If the boxes or the review do not exist.
        ValueError: If the review does not fit.
    """
    coco = apply_review(read_boxes(result), read_review(review))
    path = result / 'boxes.reviewed.json'
    if path.exists() and not overwrite:
        raise FileExistsError(f'{path} exists. Use --overwrite to replace it')
    if only_reviewed:
        kept = {each['image_id'] for each in coco['annotations'] if 'review' in each}
        coco['images'] = [image for image in coco['images'] if image['id'] in kept]
        coco['annotations'] = [each for each in coco['annotations'] if each['image_id'] in kept]
    write_box_file(path, coco)
    states = Counter(each.get('review', 'not reviewed') for each in coco['annotations'])
    print(
        f'{len(coco["annotations"])} boxes: {states["keep"]} kept, {states["redraw"]} redrawn, '
        f'{states["not reviewed"]} not reviewed; {len(coco["info"]["images_dropped"])} dropped. Written to {path}'
    )
    for form in exports:
        boxes = BoxSet.of_coco(coco, coco['info']['data_root'])
        print(f'{form}: {_exported(boxes, result / "reviewed" / form, form, overwrite)}')
    return path


def _exported(boxes: BoxSet, out: Path, form: str, overwrite: bool) -> Path:
    if overwrite:
        shutil.rmtree(out, ignore_errors=True)
    return export_boxes(boxes, out, form)


def _write_left_out(left_out: Mapping[str, str], path: Path) -> None:
    with atomic_write(path) as partial, open(partial, 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['image', 'reason'])
        writer.writerows(left_out.items())
