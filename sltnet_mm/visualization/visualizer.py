"""The visualizer of localization: one true box, one predicted box, the score map beside them."""

from __future__ import annotations

from typing import Any

import mmcv
import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.structures import BaseDataElement
from mmengine.visualization import Visualizer

from sltnet_mm.functional.boxes import box_iou
from sltnet_mm.registry import VISUALIZERS
from sltnet_mm.visualization.captions import Line, add_caption
from sltnet_mm.visualization.drawing import PREDICTED_COLOR, TRUE_COLOR, enlarge
from sltnet_mm.visualization.panels import box_of_map, box_panel, map_panel, sample_boxes


@VISUALIZERS.register_module()
class LocalizationVisualizer(Visualizer):
    """Draws what a localizer or SLT-Net predicts, in the frame of the original image.

    On the image: the true boxes (white) and the predicted box (red), drawn once: the rows of ``pred_instances`` are
    one box with several labels, which mmdet's visualizer paints on top of one another. Beside it, where the sample has
    a ``pred_score_map``: the map over the image with the box that it gives. Below: the labels and the IoU.
    It stands in for mmdet's ``DetLocalVisualizer`` in ``DetVisualizationHook`` and ``DetInferencer``.

    Args:
        name: See mmengine's ``Visualizer``, as the next four.
        image: An image to begin with.
        vis_backends: Where pictures without an ``out_file`` go.
        save_dir: Of the back-ends.
        fig_save_cfg, fig_show_cfg: Of matplotlib's figures; not used in what :meth:`draw` makes.
        min_side: Smaller images are enlarged to this many pixels before anything is drawn.
        alpha: Share of the colors of the score map, in [0, 1].
        map_threshold: Threshold of the box of the score map (see ``score_map_to_box``); None: the map without a box.
        font_file: A .ttf or .otf file for class names beyond Latin, Greek and Cyrillic.

    Example:
        >>> from mmengine.structures import InstanceData
        >>> sample = BaseDataElement(metainfo=dict(ori_shape=(64, 64)), pred_instances=InstanceData(
        ...     bboxes=torch.tensor([[8., 8, 40, 40]] * 2), labels=torch.tensor([1, 0]), scores=torch.tensor([.7, .3])))
        >>> visualizer = LocalizationVisualizer()
        >>> visualizer.dataset_meta = dict(classes=('bird', 'fish'))
        >>> visualizer.draw(np.zeros((64, 64, 3), np.uint8), sample).shape
        (280, 256, 3)
    """

    def __init__(
        self,
        name: str = 'visualizer',
        image: np.ndarray | None = None,
        vis_backends: list | dict | None = None,
        save_dir: str | None = None,
        fig_save_cfg: dict | None = None,
        fig_show_cfg: dict | None = None,
        min_side: int = 256,
        alpha: float = 0.6,
        map_threshold: float | None = 0.2,
        font_file: str | None = None,
    ) -> None:
        super().__init__(
            name,
            image,
            vis_backends,
            save_dir,
            fig_save_cfg or dict(frameon=False),
            fig_show_cfg or dict(frameon=False),
        )
        self.min_side = min_side
        self.alpha = alpha
        self.map_threshold = map_threshold
        self.font_file = font_file

    @classmethod
    def get_instance(cls, name: str = 'visualizer', **kwargs: Any) -> LocalizationVisualizer:
        """The visualizer of this name, as mmengine's; mmdet's browse_dataset gives none.

        Configs leave it to the runner, which takes the experiment's: with a fixed one, a second run in a process would
        write its numbers to the first one's folder.
        """
        return super().get_instance(name, **kwargs)

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: BaseDataElement | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        pred_score_thr: float = 0.0,
        step: int = 0,
        draw_score_map: bool = True,
    ) -> None:
        """Draw a sample (see :meth:`draw`) and show it, write it to a file, or hand it to the back-ends.

        Args:
            name: Of the picture in the back-ends and of the window.
            image: H x W x 3 RGB, the original image.
            data_sample: What is known and predicted of it; None: the image alone.
            draw_gt: Draw the true boxes and label.
            draw_pred: Draw the predicted box, label and map.
            show: Open a window.
            wait_time: Seconds until the window goes on; 0: until a key is pressed.
            out_file: Write the picture here (folders are made) and not to the back-ends.
            pred_score_thr: A label with a smaller score is not written. The box is drawn all the same: it has no score
                of its own.
            step: Of the back-ends.
            draw_score_map: Draw the score map where there is one.
        """
        picture = self.draw(image, data_sample, draw_gt, draw_pred, pred_score_thr, draw_score_map)
        self.set_image(picture)
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            mmcv.imwrite(picture[..., ::-1], str(out_file))
        else:
            self.add_image(name, picture, step)

    def draw(
        self,
        image: np.ndarray,
        data_sample: BaseDataElement | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        pred_score_thr: float = 0.0,
        draw_score_map: bool = True,
    ) -> np.ndarray:
        """The picture of a sample, H' x W' x 3 uint8 RGB; arguments as in :meth:`add_datasample`.

        Raises:
            ValueError: ``image`` is not the original image that the sample's boxes lie on (``ori_shape``).
            KeyError: A score map without ``homography_matrix``.
        """
        image = np.ascontiguousarray(image.clip(0, 255).astype(np.uint8))
        picture, factor = enlarge(image, self.min_side)
        if data_sample is None:
            return picture
        sample = data_sample.cpu()
        true_boxes = sample_boxes(sample, 'gt_instances') if draw_gt else torch.zeros(0, 4)
        boxes = sample_boxes(sample, 'pred_instances')[:1] if draw_pred else torch.zeros(0, 4)
        with_map = draw_pred and draw_score_map and 'pred_score_map' in sample
        if len(true_boxes) or len(boxes) or with_map:  # mmdet's browse_dataset shows training inputs: crops, labels
            _check_frame(image, sample)
        panels = [box_panel(picture, true_boxes * factor, boxes * factor)]
        map_box = torch.zeros(0, 4)
        if with_map:
            matrix = _matrix(sample)
            if self.map_threshold is not None:
                map_box = box_of_map(sample.pred_score_map, matrix, image.shape[:2], self.map_threshold)
            panels.append(
                map_panel(
                    picture,
                    sample.pred_score_map,
                    matrix @ np.diag([1 / factor, 1 / factor, 1]),
                    true_boxes * factor,
                    map_box * factor,
                    self.alpha,
                )
            )
        lines = self._truth_lines(sample, true_boxes) if draw_gt else []
        if draw_pred:
            lines += self._prediction_lines(sample, pred_score_thr, _overlaps(true_boxes, box=boxes, map=map_box))
        return add_caption(np.concatenate(panels, axis=1), lines, font_file=self.font_file)

    def _class_name(self, label: int) -> str:
        classes = (self.dataset_meta or {}).get('classes')
        return str(classes[label]) if classes is not None and label < len(classes) else f'class {label}'

    def _truth_lines(self, sample: BaseDataElement, boxes: torch.Tensor) -> list[Line]:
        if 'gt_label' in sample:
            label = int(sample.gt_label.reshape(-1)[0])
        elif len(boxes):
            label = int(sample.gt_instances.labels[0])
        else:
            return []
        text = f'true: {self._class_name(label)}'
        return [(text, TRUE_COLOR) if len(boxes) else text]

    def _prediction_lines(self, sample: BaseDataElement, score_thr: float, overlaps: str) -> list[Line]:
        instances = sample.get('pred_instances', {})
        if len(instances) and 'labels' in instances:  # a regressor's boxes may be unnamed
            label, score = int(sample.pred_instances.labels[0]), float(sample.pred_instances.scores[0])
        elif 'pred_score' in sample:
            score, label = float(sample.pred_score.max()), int(sample.pred_score.argmax())
        else:
            return []
        name = f'{self._class_name(label)} {score:.2f}' if score >= score_thr else f'no label above {score_thr:g}'
        lines: list[Line] = [(f'predicted: {name}', PREDICTED_COLOR)]
        return [*lines, overlaps] if overlaps else lines


def _check_frame(image: np.ndarray, sample: BaseDataElement) -> None:
    shape = sample.get('ori_shape')
    if shape is not None and tuple(shape[:2]) != image.shape[:2]:
        raise ValueError(
            f'image must be the original one, of height and width {tuple(shape[:2])}, that the boxes of '
            f'{sample.get("img_path", "this sample")} lie on; got {image.shape[:2]}'
        )


def _matrix(sample: BaseDataElement) -> np.ndarray:
    matrix = sample.get('homography_matrix')
    if matrix is None:
        raise KeyError(
            f'{sample.get("img_path", "this sample")} has a pred_score_map but no homography_matrix, '
            'without which the map cannot be laid on the image: pack with sltnet_mm.PackLocalizationInputs'
        )
    return np.asarray(matrix, np.float64)


def _overlaps(true_boxes: torch.Tensor, **boxes: torch.Tensor) -> str:
    """IoU with the best true box, for each kind of box that there is."""
    if not len(true_boxes):
        return ''
    return ', '.join(
        f'IoU of the {name} {float(box_iou(box, true_boxes).max()):.2f}' for name, box in boxes.items() if len(box)
    )
