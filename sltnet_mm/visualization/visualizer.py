"""The visualizer for localization: ground-truth box, predicted box, and the score map next to them."""

from __future__ import annotations

from typing import Any

import mmcv
import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.structures import BaseDataElement
from mmengine.visualization import Visualizer

from sltnet_mm.functional.boxes import PAPER_THRESHOLD, box_iou
from sltnet_mm.registry import VISUALIZERS
from sltnet_mm.structures.frames import boxes_of_samples, sample_boxes
from sltnet_mm.visualization.captions import Color, Line, add_caption
from sltnet_mm.visualization.drawing import GT_COLOR, MAP_BOX_COLOR, PREDICTED_COLOR, enlarge
from sltnet_mm.visualization.panels import box_panel, map_panel


@VISUALIZERS.register_module()
class LocalizationVisualizer(Visualizer):
    """A visualizer for predictions of localizers and SLT-Net, drawn on the original image.

    The picture has the image with the ground-truth boxes (white) and the predicted box (red). If the sample has a
    ``pred_score_map``, the map over the image is next to it, with its box: red if that is the predicted one, magenta if
    the predicted box is the regressor's. Labels and IoU are below, and which box is whose. The predicted box
    is drawn once, although ``pred_instances`` has one row per label; mmdet's visualizer would draw all labels on top of
    each other. This class can replace mmdet's ``DetLocalVisualizer`` in ``DetVisualizationHook`` and ``DetInferencer``.

    Args:
        name: Name of the visualizer; this and the next five arguments are those of mmengine's ``Visualizer``.
        image: Initial image. Defaults to None.
        vis_backends: Backends that store pictures without an ``out_file``. Defaults to None.
        save_dir: Folder of the backends. Defaults to None.
        fig_save_cfg: Settings of matplotlib's figures for saving; not used by :meth:`draw`. Defaults to None.
        fig_show_cfg: Settings of matplotlib's figures for display; not used by :meth:`draw`. Defaults to None.
        min_side: Shorter side in pixels to which smaller images are enlarged before drawing. Defaults to 256.
        alpha: Share of the score map's colors, in [0, 1]. Defaults to 0.6.
        map_threshold: Threshold of the score map's box (see ``score_map_to_box``). None: no box. Defaults to 0.2.
        font_file: A .ttf or .otf file, for class names in scripts other than Latin, Greek and Cyrillic. Defaults to
            None.

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
        map_threshold: float | None = PAPER_THRESHOLD,
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
        """The visualizer with this name; the default is for mmdet's browse_dataset, which gives none.

        Configs give no name either, so that the runner uses the experiment's name. With a fixed name, a second run in
        the same process would log to the folder of the first.
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
        """Draw a sample (see :meth:`draw`), and show it, write it to a file or pass it to the backends.

        Args:
            name: Name of the picture in the backends, and title of the window.
            image: H x W x 3 RGB, the original image.
            data_sample: Sample with ground truth and prediction. None: only the image. Defaults to None.
            draw_gt: Draw the ground-truth boxes and label. Defaults to True.
            draw_pred: Draw the predicted box, label and map. Defaults to True.
            show: Open a window. Defaults to False.
            wait_time: Seconds until the window closes; 0: until a key is pressed. Defaults to 0.
            out_file: File for the picture, instead of the backends; folders are created. Defaults to None.
            pred_score_thr: Labels with a lower score are not written. The box has no score of its own and is always
                drawn. Defaults to 0.
            step: Step for the backends. Defaults to 0.
            draw_score_map: Draw the score map if there is one. Defaults to True.
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
            ValueError: If ``image`` does not have the size of the sample's original image (``ori_shape``).
            KeyError: If the sample has a score map but no ``homography_matrix``.
        """
        image = np.ascontiguousarray(image.clip(0, 255).astype(np.uint8))
        picture, factor = enlarge(image, self.min_side)
        if data_sample is None:
            return picture
        sample = data_sample.cpu()
        gt_boxes = sample_boxes(sample, 'gt_instances') if draw_gt else torch.zeros(0, 4)
        boxes = sample_boxes(sample, 'pred_instances')[:1] if draw_pred else torch.zeros(0, 4)
        with_map = draw_pred and draw_score_map and 'pred_score_map' in sample
        if len(gt_boxes) or len(boxes) or with_map:  # mmdet's browse_dataset draws training crops, without boxes
            _check_frame(image, sample)
        panels = [box_panel(picture, gt_boxes * factor, boxes * factor)]
        map_box = torch.zeros(0, 4)
        map_color = PREDICTED_COLOR
        if with_map:
            matrix = _matrix(sample)
            if self.map_threshold is not None:
                map_box = boxes_of_samples([sample], self.map_threshold).boxes
                if len(boxes) and not torch.allclose(map_box, boxes, atol=0.5):
                    map_color = MAP_BOX_COLOR
            panels.append(
                map_panel(
                    picture,
                    sample.pred_score_map,
                    matrix @ np.diag([1 / factor, 1 / factor, 1]),
                    gt_boxes * factor,
                    map_box * factor,
                    self.alpha,
                    map_color,
                )
            )
        lines = self._truth_lines(sample, gt_boxes) if draw_gt else []
        if draw_pred:
            lines += self._prediction_lines(sample, pred_score_thr)
            lines += self._box_lines(sample, gt_boxes, boxes, map_box, map_color)
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
        return [(text, GT_COLOR) if len(boxes) else text]

    def _prediction_lines(self, sample: BaseDataElement, score_thr: float) -> list[Line]:
        instances = sample.get('pred_instances', {})
        if len(instances) and 'labels' in instances:  # a regressor alone predicts no labels
            label, score = int(sample.pred_instances.labels[0]), float(sample.pred_instances.scores[0])
        elif 'pred_score' in sample:
            score, label = float(sample.pred_score.max()), int(sample.pred_score.argmax())
        else:
            return []
        name = f'{self._class_name(label)} {score:.2f}' if score >= score_thr else f'no label above {score_thr:g}'
        return [f'predicted: {name}']

    def _box_lines(
        self,
        sample: BaseDataElement,
        gt_boxes: torch.Tensor,
        boxes: torch.Tensor,
        map_box: torch.Tensor,
        map_color: Color,
    ) -> list[Line]:
        """Whose the boxes are, one line per box, with its IoU where there is a ground truth."""
        lines: list[Line] = []
        limit = '' if self.map_threshold is None else f'of the score map above {self.map_threshold:g}'
        same = len(boxes) and len(map_box) and map_color == PREDICTED_COLOR
        part = sample.get('box_from')
        if len(boxes) and (part or len(map_box) or len(gt_boxes)):  # otherwise there is nothing to say of it
            whose = (f'box of the {part}' if part else 'box') + (f' ({limit})' if same else '')
            lines.append((whose + _overlap(gt_boxes, boxes), PREDICTED_COLOR))
        if len(map_box) and not same:
            lines.append((f'box {limit}{_overlap(gt_boxes, map_box)}', map_color))
        return lines


def _check_frame(image: np.ndarray, sample: BaseDataElement) -> None:
    shape = sample.get('ori_shape')
    if shape is not None and tuple(shape[:2]) != image.shape[:2]:
        raise ValueError(
            f'image must be the original image of {sample.get("img_path", "this sample")}, with (height, width) '
            f'{tuple(shape[:2])}, got {image.shape[:2]}'
        )


def _matrix(sample: BaseDataElement) -> np.ndarray:
    matrix = sample.get('homography_matrix')
    if matrix is None:
        raise KeyError(
            f'{sample.get("img_path", "this sample")} has a pred_score_map but no homography_matrix, so the map cannot '
            'be drawn on the image. End the pipeline with sltnet_mm.PackLocalizationInputs'
        )
    return np.asarray(matrix, np.float64)


def _overlap(gt_boxes: torch.Tensor, box: torch.Tensor) -> str:
    """The IoU with the best ground-truth box, if there is one."""
    return f', IoU {float(box_iou(box, gt_boxes).max()):.2f}' if len(gt_boxes) else ''
