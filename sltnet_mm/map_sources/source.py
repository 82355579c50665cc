"""MapSource: maps of a class from the activations and gradients of named layers, for a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms.functional import gaussian_blur

from sltnet_mm.functional.cam import to_score_map
from sltnet_mm.functional.gradient_maps import bag_cams, grad_cam, grad_cam_plus_plus, input_saliency, layer_cam
from sltnet_mm.hooks.map_layer import find_module
from sltnet_mm.map_sources.layers import LAYOUTS, layer_outputs, only_layers_require_grad, to_grid
from sltnet_mm.map_sources.scores import class_scores

LAYER_METHODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    'grad_cam': grad_cam,
    'grad_cam_plus_plus': grad_cam_plus_plus,
    'layer_cam': layer_cam,
    'bag_cams': bag_cams,
}
METHODS = (*LAYER_METHODS, 'input_saliency')
"""The names of the methods."""

FUSIONS = ('mean', 'max')


class SourceMaps(NamedTuple):
    """Class scores and maps of a batch.

    Args:
        scores: B x C, before softmax.
        maps: B x h x w by the class that they explain: ``label`` (if labels were given), ``top_1`` and ``top_k``.
    """

    scores: Tensor
    maps: dict[str, Tensor]


class MapSource:
    """Maps of any layer of any trained model: Grad-CAM, Grad-CAM++, LayerCAM, BagCAMs, or input saliency.

    The model runs once per batch; each class that is explained costs one backward pass from the scores down to the
    first of the layers. No parameter gets a gradient, and none needs one: frozen networks work.

    Args:
        method: ``grad_cam``, ``grad_cam_plus_plus``, ``layer_cam``, ``bag_cams`` or ``input_saliency``; see the
            functions of these names in ``sltnet_mm.functional``.
        layers: Dotted names of the layers, in the model. Not for ``input_saliency``. A layer that runs several times
            in a pass counts as several layers.
        fuse: Maps of several layers are resized to the network input, min-max normalized and joined by their ``mean``
            or ``max``. The map of a single layer is left as it is.
        top_k: K of the map ``top_k``, which explains the mean score of the K best classes. None: that of the model's
            CAM head, or else 1.
        extra_tokens: Of a vision transformer, the number of tokens in front of those of the patches. None: found from
            the number of tokens.
        layout: 'auto', or 'channels_last' for layers that return B x h x w x N.
        smooth: Standard deviation, in pixels, of a Gaussian that smooths ``input_saliency``; 0 for none.

    Raises:
        ValueError: If a setting is unknown or contradicts another; when called: if a layer does not exist (the message
            lists those that do), does not run, or has no influence on the scores.

    Example:
        >>> from mmengine.registry import DefaultScope
        >>> from mmpretrain.models import ImageClassifier
        >>> head = dict(type='LinearClsHead', num_classes=5, in_channels=512)
        >>> with DefaultScope.overwrite_default_scope('mmpretrain'):
        ...     model = ImageClassifier(dict(type='ResNet', depth=18), dict(type='GlobalAveragePooling'), head).eval()
        >>> source = MapSource('layer_cam', ['backbone.layer3', 'backbone.layer4'])
        >>> result = source(model, torch.rand(2, 3, 64, 64), labels=torch.tensor([3, 1]))
        >>> result.scores.shape, result.maps['label'].shape
        (torch.Size([2, 5]), torch.Size([2, 64, 64]))
    """

    def __init__(
        self,
        method: str,
        layers: str | Sequence[str] = (),
        fuse: str = 'mean',
        top_k: int | None = None,
        extra_tokens: int | None = None,
        layout: str = 'auto',
        smooth: float = 0.0,
    ) -> None:
        self.layers = (layers,) if isinstance(layers, str) else tuple(layers)
        for name, value, choices in (('method', method, METHODS), ('fuse', fuse, FUSIONS), ('layout', layout, LAYOUTS)):
            if value not in choices:
                raise ValueError(f'map source: {name} must be one of {", ".join(choices)}, got {value!r}')
        if (method == 'input_saliency') != (not self.layers):
            raise ValueError(
                f'map source: {method} needs '
                + ('no layers' if self.layers else 'layers, such as layers=["backbone.layer4"]')
                + f', got {list(self.layers)}'
            )
        if top_k is not None and top_k < 1:
            raise ValueError(f'map source: top_k must be at least 1, got {top_k}')
        if smooth < 0 or (smooth and method != 'input_saliency'):
            raise ValueError(f'map source: smooth must be at least 0, and is for input_saliency only, got {smooth}')
        self.method, self.fuse, self.top_k = method, fuse, top_k
        self.extra_tokens, self.layout, self.smooth = extra_tokens, layout, smooth
        self._checked = False

    def __call__(
        self, model: Any, inputs: Tensor, labels: Tensor | None = None, data_samples: Sequence | None = None
    ) -> SourceMaps:
        """The class scores of a batch, and the maps of the label, of the best class and of the best K classes.

        Args:
            model: In eval mode, with ``forward(inputs, data_samples, mode='tensor')``.
            inputs: Normalized images, B x 3 x H x W.
            labels: B class indices, or None.
            data_samples: Passed on to the model.

        Returns:
            Scores and maps. Maps of a single layer have its size; fused maps and saliency that of the input.
        """
        layers = [find_module(model, name, 'layers', 'map source') for name in self.layers]
        with only_layers_require_grad(model), layer_outputs(layers) as outputs:
            # a copy goes in, since a network may work on its input in place
            leaf = inputs.detach().clone().requires_grad_(not layers)
            scores = class_scores(model(leaf.clone(), data_samples, mode='tensor'), model)
            self._check_outputs(outputs, scores)
            targets = self._targets(scores.detach(), labels, model)
            tensors = [leaf] if not layers else [output for _, output in outputs]
            maps: dict[str, Tensor] = {}
            for name, weights in targets.items():
                of_class = (scores * weights).sum(1)
                gradients = torch.autograd.grad(of_class.sum(), tensors, retain_graph=True, allow_unused=True)
                self._check_gradients(gradients, [number for number, _ in outputs])
                maps[name] = self._map(outputs, gradients, of_class.detach(), (inputs.shape[-2], inputs.shape[-1]))
        self._checked = True
        maps.setdefault('top_k', maps['top_1'])
        return SourceMaps(scores.detach(), maps)

    def _targets(self, scores: Tensor, labels: Tensor | None, model: nn.Module) -> dict[str, Tensor]:
        """By the name of the map, the weights B x C of the classes that it explains."""
        classes = scores.shape[1]
        k = self.top_k or _head_k(model) or 1
        if k > classes:
            raise ValueError(f'map source: top_k must be at most the {classes} classes, got {k}')
        best = scores.topk(k, dim=1).indices
        targets = dict(top_1=F.one_hot(best[:, 0], classes).float())
        if k > 1:
            targets['top_k'] = F.one_hot(best, classes).float().mean(1)
        if labels is not None:
            targets['label'] = F.one_hot(labels.to(scores.device), classes).float()
        return targets

    def _map(
        self,
        outputs: Sequence[tuple[int, Tensor]],
        gradients: Sequence[Tensor],
        scores: Tensor,
        size: tuple[int, int],
    ) -> Tensor:
        if self.method == 'input_saliency':
            self._check_not_zero(gradients[0], 'the input')
            saliency = input_saliency(gradients[0])
            if not self.smooth:
                return saliency
            return gaussian_blur(saliency[:, None], [2 * int(3 * self.smooth) + 1] * 2, [self.smooth] * 2)[:, 0]
        maps = []
        for (number, output), gradient in zip(outputs, gradients, strict=True):
            try:
                pair = [to_grid(t.detach(), size, self.extra_tokens, self.layout).float() for t in (output, gradient)]
            except ValueError as error:
                raise ValueError(f'map source: layer {self.layers[number]!r} {error}') from None
            self._check_not_zero(pair[1], self.layers[number])
            if self.method == 'bag_cams':  # of the logarithm
                tiny = torch.finfo(scores.dtype).tiny
                pair[1] = pair[1] / scores.abs().clamp(min=tiny)[:, None, None, None]
            maps.append(LAYER_METHODS[self.method](*pair))
        if len(maps) == 1:
            return maps[0]
        stack = torch.stack([to_score_map(each, size) for each in maps])
        return stack.amax(0) if self.fuse == 'max' else stack.mean(0)

    def _check_outputs(self, outputs: Sequence[tuple[int, Tensor]], scores: Tensor) -> None:
        ran = {number for number, _ in outputs}
        idle = [name for number, name in enumerate(self.layers) if number not in ran]
        if idle:
            raise ValueError(f'map source: {", ".join(idle)} did not run when the class scores were computed')
        if not scores.requires_grad:
            raise ValueError(
                f'map source: no gradient reaches {", ".join(self.layers) or "the input"}: the network behind it runs '
                'under torch.no_grad() or detaches its features; choose a layer behind that place'
            )

    def _check_not_zero(self, gradient: Tensor, name: str) -> None:
        """Raise if nothing of the first batch has an influence; read back once, because the host waits for it."""
        if not self._checked and not gradient.any():
            raise ValueError(
                f'map source: the gradient at {name} is zero everywhere. Behind the last attention of a vision '
                'transformer with a class token, patches have no influence: choose a layer before it, such as '
                'backbone.layers.11.ln1'
            )

    def _check_gradients(self, gradients: Sequence[Tensor | None], numbers: Sequence[int]) -> None:
        for place, gradient in enumerate(gradients):
            name = self.layers[numbers[place]] if numbers else 'the input'
            if gradient is None:
                raise ValueError(
                    f'map source: the class scores do not depend on {name}, or its output is detached on the way; '
                    'choose a layer on the way to the scores'
                )


def _head_k(model: Any) -> int | None:
    """K of the model's CAM head, or of SLT-Net's localizer."""
    head = getattr(getattr(model, 'localizer', model), 'head', None)
    k = getattr(head, 'top_k', None)
    return k if isinstance(k, int) else None
