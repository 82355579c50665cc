"""Class scores of one run (ten crops, another network), saved to a file and joined with the boxes of another run."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.fileio import load

from sltnet_mm.evaluation.samples import field, image_name, to_numpy
from sltnet_mm.registry import METRICS
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.trust import TRUST_ADVICE, UntrustedFileError, trusted

_NAMED = 3  # images named in an error


@METRICS.register_module()
class DumpScores(BaseMetric):
    """Write the class scores of every image to a file, for ``LocalizationMetric(score_file=...)``.

    The file is a NumPy .npz: ``img_id`` (n strings), ``scores`` (n x C float32), ``classes`` (C strings; empty if the
    data set does not name its classes). ``tools/test.py --out-scores FILE.npz`` adds this metric.

    Args:
        out_file: File to write, .npz.
        collect_device: As in mmengine's ``BaseMetric``.

    Raises:
        ValueError: If ``out_file`` does not end in .npz, or (when it is written) an image occurs twice.
    """

    def __init__(self, out_file: str | Path, collect_device: str = 'cpu') -> None:
        super().__init__(collect_device=collect_device, prefix='unused')
        if Path(out_file).suffix != '.npz':
            raise ValueError(f'DumpScores: out_file must end in .npz, got {str(out_file)!r}')
        self.out_file = Path(out_file)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the name and scores of every image."""
        for sample in data_samples:
            scores = to_numpy(field(sample, 'pred_score', 'use a model that predicts class scores'))
            self.results.append((image_name(sample), scores.astype(np.float32)))

    def compute_metrics(self, results: list[tuple[str, np.ndarray]]) -> dict[str, float]:
        """Write the file; there are no metrics."""
        names = [name for name, _ in results]
        if len(set(names)) < len(names):
            raise ValueError(f'{self.out_file}: an image occurs twice among the {len(names)} predictions')
        classes = (self.dataset_meta or {}).get('classes') or ()
        scores = np.stack([scores for _, scores in results])
        with atomic_write(self.out_file) as partial:
            np.savez(partial, img_id=np.array(names), scores=scores, classes=list(classes))
        return {}


class ScoreFile:
    """Class scores by image, read from a file.

    Args:
        path: File that :class:`DumpScores` wrote (.npz), or mmengine's ``DumpResults`` (.pkl or .pickle, from ``--out``
            of any OpenMMLab test tool). A pickle runs any code that it names when it is read, so it is refused unless
            trusted.
        trust: Read pickles. None: as the environment variable ``SLTNET_TRUST_FILES`` says. Defaults to None.

    Raises:
        FileNotFoundError: If the file does not exist.
        UntrustedFileError: If it is a pickle that is not trusted; a ValueError.
        ValueError: If it is not such a file; the message names it.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / 'scores.npz'
        >>> dump = DumpScores(path)
        >>> dump.process({}, [dict(img_id=7, pred_score=np.array([0.25, 0.75]))])
        >>> dump.evaluate(size=1)
        {}
        >>> ScoreFile(path).scores_of('7')
        array([0.25, 0.75], dtype=float32)
    """

    def __init__(self, path: str | Path, trust: bool | None = None) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(
                f'scores: {self.path} does not exist; write it with tools/test.py CLASSIFIER_CONFIG CHECKPOINT '
                '--out-scores FILE.npz'
            )
        if self.path.suffix in ('.pkl', '.pickle') and not trusted(trust):
            raise UntrustedFileError(
                f'scores: {self.path} was not read, because it is a pickle. {TRUST_ADVICE}. Better, write the scores '
                'with tools/test.py --out-scores FILE.npz'
            )
        try:
            names, self.scores, self.classes = _read(self.path)
        except (KeyError, TypeError, ValueError, AttributeError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(
                f'scores: {self.path} must be a .npz of tools/test.py --out-scores or a .pkl of --out: '
                f'{type(error).__name__}: {error}'
            ) from error
        self.rows = {name: row for row, name in enumerate(names)}
        if len(self.rows) < len(names):
            raise ValueError(f'scores: {self.path} holds an image twice')

    def scores_of(self, name: str) -> np.ndarray:
        """The scores (C,) of an image.

        Raises:
            KeyError: If the file does not have the image; the message names both.
        """
        if name not in self.rows:
            raise KeyError(
                f'image {name!r} is not among the {len(self.rows)} images of {self.path} (such as '
                f'{list(self.rows)[:_NAMED]}): scores and boxes must be from the same split, with the same img_id'
            )
        return self.scores[self.rows[name]]

    def check_classes(self, classes: Sequence[str]) -> None:
        """Raise if the scores are for other classes; without class names in the file, only their number is compared.

        Args:
            classes: Names of the classes; if empty, nothing is compared.

        Raises:
            ValueError: If the classes differ.
        """
        if classes and len(classes) != self.scores.shape[1]:
            raise ValueError(
                f'scores: {self.path} has scores for {self.scores.shape[1]} classes, but the evaluated data has '
                f'{len(classes)}: use the scores of a classifier for these classes'
            )
        if classes and self.classes and tuple(map(str, classes)) != self.classes:
            raise ValueError(
                f'scores: {self.path} has {len(self.classes)} classes ({", ".join(self.classes[:_NAMED])}, ...), '
                f'the evaluated data has {len(classes)} ({", ".join(map(str, classes[:_NAMED]))}, ...): use the scores '
                'of a classifier for these classes'
            )

    def check_complete(self, names: Sequence[str]) -> None:
        """Raise if the file has images that were not evaluated.

        Args:
            names: Names of the evaluated images.

        Raises:
            ValueError: If images are left.
        """
        left = sorted(self.rows.keys() - set(names))
        if left:
            raise ValueError(
                f'scores: {len(left)} images of {self.path} were not evaluated, such as {left[:_NAMED]}: scores and '
                'boxes must be from the same split, with the same img_id'
            )


def _read(path: Path) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    if path.suffix == '.npz':
        with np.load(path, allow_pickle=False) as arrays:
            scores = arrays['scores']
            names, classes = [str(name) for name in arrays['img_id']], tuple(str(name) for name in arrays['classes'])
    elif path.suffix in ('.pkl', '.pickle'):
        predictions = load(str(path))
        names, classes = [image_name(sample) for sample in predictions], ()
        scores = np.stack([to_numpy(sample['pred_score']) for sample in predictions])
    else:
        raise ValueError(f'unknown suffix {path.suffix!r}')
    if scores.ndim != 2 or len(scores) != len(names):
        raise ValueError(f'{len(names)} images, but scores of shape {scores.shape}')
    return names, scores, classes
