"""What a test costs per image, and PxAP of models that predict maps."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.evaluation import PixelAveragePrecision


class TestTimeHook(Hook):
    """Measure the time that a test step takes per image, from the loaded images to the predictions.

    On a CPU it is processor time of all threads, which other processes hardly change, elsewhere the time on the clock.
    The first batch does not count if there are others.
    """

    __test__ = False  # no test case

    def __init__(self) -> None:
        self._times: list[float] = []

    @property
    def milliseconds(self) -> float | None:
        """The median over the batches; None before a test."""
        return 1000 * median(self._times[1:] or self._times) if self._times else None

    def before_test(self, runner: Runner) -> None:
        """Put a clock around the model's ``test_step``."""
        model: Any = runner.model
        step, self._times = model.test_step, []
        on_cpu = next(model.parameters()).device.type == 'cpu'

        def timed(data: Any) -> Sequence[Any]:
            begun = _now(on_cpu)
            samples = step(data)
            self._times.append((_now(on_cpu) - begun) / max(1, len(samples)))
            return samples

        model.test_step = timed

    def after_test(self, runner: Runner) -> None:
        """Take the clock away."""
        model: Any = runner.model
        del model.test_step


def _now(on_cpu: bool) -> float:
    if on_cpu:
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


class MapPrecision(PixelAveragePrecision):
    """PxAP of the ACAM; a model without maps, such as a regressor, has none."""

    def __init__(self) -> None:
        super().__init__(dict(base='wsolevaluation', name='wsolevaluation-acam', map='top_k'))

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Add the predictions that have maps."""
        super().process(data_batch, [sample for sample in data_samples if 'pred_maps' in sample])

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The metrics, or none without maps."""
        return super().compute_metrics(results) if results else {}


def has_masks(dataset: Any) -> bool:
    """Whether the images of a data set have masks."""
    info: Callable[[int], dict] | None = getattr(dataset, 'get_data_info', None)
    return info is not None and len(dataset) > 0 and 'mask_path' in info(0)
