"""Draws docs/images/metrics.png: one score map, its boxes by rule, IoU by threshold, kinds of error.

python docs/images/metrics_figure.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from sltnet_mm.evaluation.protocols import PROTOCOLS
from sltnet_mm.evaluation.threshold_boxes import foreground_masks, mask_boxes
from sltnet_mm.evaluation.threshold_ious import threshold_ious

TRUTH = np.array([[50, 55, 170, 190]])


def score_map() -> np.ndarray:
    """Two blobs, the brighter one on a part of the object: what a classifier's map looks like."""
    y, x = np.mgrid[:224, :224]
    blobs = ((80, 90, 22, 1.0), (130, 140, 30, 0.55), (205, 35, 14, 0.42))
    scores = sum(height * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * width**2)) for cx, cy, width, height in blobs)
    noise = cv2.resize(np.random.default_rng(0).normal(0, 0.03, (14, 14)), (224, 224), interpolation=cv2.INTER_CUBIC)
    scores = scores + noise
    return (scores - scores.min()) / np.ptp(scores)


def box(axis: plt.Axes, corners: np.ndarray, color: str, style: str = '-') -> None:
    """Outline a box."""
    x0, y0, x1, y1 = corners
    axis.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=color, linewidth=2, linestyle=style))


def main() -> None:
    """Draw and save."""
    scores, v1, v2 = score_map(), PROTOCOLS['wsolevaluation'], PROTOCOLS['wsolevaluation-v2']
    figure, axes = plt.subplots(1, 4, figsize=(15, 3.9), constrained_layout=True)
    for axis, threshold in zip(axes[:2], (0.2, 0.5), strict=True):
        axis.imshow(scores, cmap='viridis')
        ((mask, _),) = foreground_masks(scores, np.array([threshold]), v2)
        axis.contour(mask, [0.5], colors='white', linewidths=0.8)
        for corners in mask_boxes(mask, v2):
            box(axis, corners, 'orange', ':')
        box(axis, mask_boxes(mask, v1)[0], 'red')
        box(axis, TRUTH[0], 'lime', '--')
        axis.set_title(
            f'threshold {threshold}: box of the largest component (red),\nof the others (dotted), true box (dashed)',
            fontsize=9,
        )
        axis.axis('off')
    for protocol, style in ((v2, 'orange'), (v1, 'r--')):
        axes[2].plot(v1.thresholds, threshold_ious(scores, TRUTH, v1.thresholds, protocol), style, label=protocol.name)
    for level in (0.3, 0.5, 0.7):
        axes[2].axhline(level, color='gray', linewidth=0.6)
    axes[2].axvline(0.2, color='blue', linewidth=0.8, label='fixed threshold 0.2')
    axes[2].set(title='IoU of this image by threshold', xlabel='threshold', ylim=(0, 1))
    axes[2].legend(fontsize=8)
    kinds = {'part': (62, 65, 110, 120), 'larger': (5, 8, 220, 218), 'other': (130, 10, 215, 110)}
    axes[3].imshow(np.ones((224, 224)), cmap='gray', vmin=0, vmax=1.2)
    box(axes[3], TRUTH[0], 'lime', '--')
    for (name, corners), color in zip(kinds.items(), ('red', 'purple', 'orange'), strict=True):
        box(axes[3], np.array(corners), color)
        axes[3].text(corners[0] + 3, corners[3] - 5, name, color=color)
    axes[3].set_title('kinds of error of a single box')
    axes[3].axis('off')
    figure.savefig(Path(__file__).with_name('metrics.png'), dpi=80)


if __name__ == '__main__':
    main()
