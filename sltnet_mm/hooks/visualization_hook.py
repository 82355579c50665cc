"""A hook that draws the predictions of a test or validation run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch.utils.data import DataLoader

from sltnet_mm.datasets.orientation import exif_rotated, loader_of
from sltnet_mm.registry import HOOKS
from sltnet_mm.visualization import LocalizationVisualizer, original_image


@HOOKS.register_module()
class LocalizationVisualizationHook(Hook):
    """Write a picture of every image of a test run to ``WORK_DIR/<timestamp>/<out_dir>/``.

    It needs ``visualizer=dict(type='sltnet_mm.LocalizationVisualizer')``. In a distributed run, only the main process'
    images are drawn.

    Args:
        enable: Whether to draw.
        out_dir: Folder below the run's own, or an absolute path.
        interval: Draw every ``interval``-th image, starting with the first.
        max_images: Draw at most this many; None for no limit.
        score_map: Draw score maps too. SLT-Net predicts them if ``model.test_cfg.score_map`` is true.
        val: Draw in validation too, into ``<out_dir>/iter_<n>``, where n is the number of training iterations so far.
        pred_score_thr: Labels with a smaller score are not written.
        backend_args: Arguments of the mmengine file backend that reads the images.
        show: Open a window for each picture. With ``out_dir=None``, pictures are shown and not written.
        wait_time: Seconds until the window closes; 0 waits for a key.
        draw: mmdet's name for ``enable``, which its tools set; overrides it.
        test_out_dir: mmdet's name for ``out_dir``, which its tools set; overrides it.

    Raises:
        TypeError: If (when the run begins) the visualizer is of another class.
        ValueError: If ``interval`` or ``max_images`` is below 1, or there is neither a folder nor a window.

    Example:
        >>> hook = LocalizationVisualizationHook(enable=True, out_dir='pictures', interval=10)
        >>> hook.out_dir
        'pictures'
    """

    def __init__(
        self,
        enable: bool = True,
        out_dir: str | None = 'vis',
        interval: int = 1,
        max_images: int | None = None,
        score_map: bool = True,
        val: bool = False,
        pred_score_thr: float = 0.0,
        backend_args: dict | None = None,
        show: bool = False,
        wait_time: float = 0.0,
        draw: bool | None = None,
        test_out_dir: str | None = None,
    ) -> None:
        for name, value in (('interval', interval), ('max_images', max_images)):
            if value is not None and value < 1:
                raise ValueError(f'LocalizationVisualizationHook: {name} must be at least 1, got {value}')
        if out_dir is None and not show and test_out_dir is None:
            raise ValueError('LocalizationVisualizationHook: out_dir=None draws nothing without show=True')
        self.enable = enable if draw is None else draw
        self.out_dir = out_dir if test_out_dir is None else test_out_dir
        self.show = show
        self.wait_time = wait_time
        self.interval = interval
        self.max_images = max_images
        self.score_map = score_map
        self.val = val
        self.pred_score_thr = pred_score_thr
        self.backend_args = backend_args
        self._seen = self._drawn = 0

    def before_test_epoch(self, runner: Runner) -> None:
        """Reset the counters."""
        self._begin(runner)

    def before_val_epoch(self, runner: Runner) -> None:
        """Reset the counters, if ``val``."""
        if self.val:
            self._begin(runner)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[BaseDataElement] | None = None,
    ) -> None:
        """Draw the images of this batch."""
        self._draw(runner, runner.test_dataloader, outputs or (), '')

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[BaseDataElement] | None = None,
    ) -> None:
        """Draw the images of this batch, if ``val``."""
        if self.val:
            self._draw(runner, runner.val_dataloader, outputs or (), f'iter_{runner.iter}')

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Log where the pictures are."""
        if self.enable and self._drawn and self.out_dir is not None:
            print_log(f'{self._drawn} pictures in {self._folder(runner)}', logger='current')

    def _begin(self, runner: Runner) -> None:
        self._seen = self._drawn = 0
        if self.enable and not isinstance(runner.visualizer, LocalizationVisualizer):
            raise TypeError(
                f'LocalizationVisualizationHook cannot draw with {type(runner.visualizer).__name__}: set '
                'visualizer=dict(type="sltnet_mm.LocalizationVisualizer", ...), or '
                'default_hooks.visualization.enable=False'
            )

    def _folder(self, runner: Runner) -> Path:
        return Path(runner.work_dir) / runner.timestamp / (self.out_dir or '')

    def _draw(self, runner: Runner, loader: DataLoader, samples: Sequence[BaseDataElement], subfolder: str) -> None:
        if not self.enable:
            return
        rotated, reader = exif_rotated(loader.dataset), loader_of(loader.dataset)
        for sample in samples:
            wanted = self._seen % self.interval == 0 and (self.max_images is None or self._drawn < self.max_images)
            self._seen += 1
            if not wanted:
                continue
            name = f'{sample.get("sample_idx", self._seen - 1):06d}_{Path(sample.img_path).stem}.png'
            runner.visualizer.add_datasample(
                name,
                original_image(sample.img_path, rotated, self.backend_args, reader),
                sample,
                pred_score_thr=self.pred_score_thr,
                show=self.show,
                wait_time=self.wait_time,
                out_file=None if self.out_dir is None else str(self._folder(runner) / subfolder / name),
                draw_score_map=self.score_map,
            )
            self._drawn += 1
