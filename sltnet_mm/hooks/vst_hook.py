"""L_VST (eq. 10-13) for any host model, from the config alone."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from sltnet_mm.functional.cam import average_top_k_maps
from sltnet_mm.functional.views import ColorJitter, Compose, HorizontalFlip, Scale
from sltnet_mm.functional.vst import normalize_maps, vst_loss
from sltnet_mm.hooks._runner import logging_interval
from sltnet_mm.hooks.collapse_guard import CollapseGuard, spatial_deviation
from sltnet_mm.hooks.image_range import ImageRange
from sltnet_mm.hooks.map_layer import MapLayer, check_layer_names, find_module
from sltnet_mm.registry import HOOKS, TASK_UTILS
from sltnet_mm.weights.wrappers import unwrap

OWN_LOSS = 'loss_host'  # mmengine logs the total as `loss`; a host's loss of that name would hide it
FIRST_DEVIATION = 'vst_first_spatial_deviation'  # key in the message hub

for _view in (ColorJitter, HorizontalFlip, Scale):
    TASK_UTILS.register_module(module=_view)


@HOOKS.register_module()
class VSTHook(Hook):
    r"""Add the visual stimulus tolerance loss (Guo et al., CVPR 2021, eq. 10-13) to the losses of an unmodified model.

    .. math::
        I^{t} = g(I), \qquad
        M^{o} = f_{loc}(W_{loc}, I), \quad M^{t} = f_{loc}(W_{loc}, I^{t}), \qquad
        M^{it} = g'(M^{t})

    .. math::
        L_{VST} = \frac{1}{W \times H} \lVert M^{o} - M^{it} \rVert_2^2

    In every training iteration, after the forward pass of the images, the same module runs again on a view g(I) of them
    (``mode='tensor'``). The maps of the view are moved back by g' and compared with the original maps; ``weight *
    L_VST`` is added to the losses. Gradients flow through both passes.

    All of this happens inside the module's own call, so it works with distributed training, mixed precision and
    gradient accumulation. Batch norm's running statistics see both views. The forward hooks are attached to the
    unwrapped module from ``before_train`` to ``after_train``; nothing is kept between iterations. If the model itself
    names its loss ``loss``, as mmpretrain's heads do, it is logged as ``loss_host``, because mmengine's ``loss`` is the
    total.

    Args:
        module: Dotted name, in the model, of the module to run again; '' is the model itself, ``'localizer'`` that of
            SLTNet. Its ``forward`` takes the images first and has an argument ``mode``; with mode='loss' it returns a
            dict.
        cam_layer: Dotted name, in ``module``, of the layer whose output is the class maps B x C x h x w. If the layer
            runs several times in one pass (a head shared by several levels), its outputs are compared one by one.
        views: Configs of the views, applied in this order and undone in reverse: ``sltnet_mm.ColorJitter``,
            ``sltnet_mm.HorizontalFlip``, ``sltnet_mm.Scale``. The default is all three. Color comes last: it costs the
            most, and the scaled image has fewer pixels.
        weight: Beta of eq. 2, >= 0. The default is meant for the default normalization; the paper uses 10, on raw maps.
        normalization: How maps are normalized before the comparison: 'standardize' (independent of scale and offset; it
            cannot collapse the maps), 'none' (raw maps, as in the paper), 'class_minmax' or 'batch_std'; see
            :func:`sltnet_mm.functional.normalize_maps`.
        reduction: 'mean' over all elements, or 'class_sum' (eq. 13 to the letter); see
            :func:`sltnet_mm.functional.vst_loss`.
        top_k: Compare the averages of the class maps of the original's top K classes (eq. 9) instead of all maps.
            'head' takes K from the module that holds ``cam_layer`` (CAMHead's ``top_k``), so that the map which gives
            the box is compared. Together with 'standardize' and weight 0.3, this form helped on both networks of
            docs/benchmarks.md.
        detach_original: Stop the gradient through the original's maps.
        feature_layer: Dotted name of the layer that returns features B x N x h x w, in place of ``cam_layer``, for a
            host with a plain linear head. If it returns a tuple, as backbones do, its last entry is used.
        classifier: Required with ``feature_layer``: dotted name of the linear layer (weight C x N) that is applied to
            the spatial mean of its features. The maps are then those of eq. 7.
        channel_order: 'rgb' or 'bgr', the order of the normalized images. None reads it from the preprocessor: mmcv
            loads BGR, and the preprocessor may swap the channels.
        loss_name: Key in the losses.

    Raises:
        ValueError: If settings contradict each other, or (before training) a module or layer does not exist; the
            message lists those that do.
        TypeError: If (in training) the module does not return a dict of losses, or its first argument is not images.
        RuntimeError: If a training iteration passes in which the hook did not act.

    Example:
        >>> hook = VSTHook(module='localizer', cam_layer='head.cam', weight=0.3, top_k='head')
        >>> hook.normalization, [type(view).__name__ for view in hook.views.views]
        ('standardize', ['HorizontalFlip', 'Scale', 'ColorJitter'])
    """

    priority = 'NORMAL'

    def __init__(
        self,
        module: str = '',
        cam_layer: str | None = None,
        views: Sequence[Mapping] | None = None,
        weight: float = 0.1,
        normalization: str = 'standardize',
        reduction: str = 'mean',
        top_k: int | str | None = None,
        detach_original: bool = False,
        feature_layer: str | None = None,
        classifier: str | None = None,
        channel_order: str | None = None,
        loss_name: str = 'loss_vst',
    ) -> None:
        if weight < 0:
            raise ValueError(f'VSTHook: weight must be >= 0, got {weight}')
        check_layer_names(cam_layer, feature_layer, classifier)
        if channel_order not in (None, 'rgb', 'bgr'):
            raise ValueError(f'VSTHook: channel_order must be "rgb", "bgr" or None, got {channel_order!r}')
        if 'loss' not in loss_name:
            raise ValueError(f'VSTHook: loss_name must contain "loss" to be back-propagated, got {loss_name!r}')
        probe = torch.zeros(1, 1, 1, 1)
        vst_loss(probe, normalize_maps(probe, normalization, reference=probe), reduction)  # raises on unknown names
        views = (
            views
            if views is not None
            else [dict(type=f'sltnet_mm.{name}') for name in ('HorizontalFlip', 'Scale', 'ColorJitter')]
        )
        if top_k == 'head' and cam_layer is None:
            raise ValueError(
                'VSTHook: top_k="head" goes with cam_layer, a layer of a head with a K; set top_k=<number>'
            )
        if top_k not in (None, 'head') and (isinstance(top_k, str) or top_k < 1):
            raise ValueError(f'VSTHook: top_k must be at least 1, "head" or None, got {top_k!r}')
        self.views = Compose([TASK_UTILS.build(dict(view)) for view in views])
        self.module = module
        self.cam_layer = cam_layer
        self.feature_layer = feature_layer
        self.classifier = classifier
        self.weight = weight
        self.normalization = normalization
        self.reduction = reduction
        self.top_k = top_k
        self.detach_original = detach_original
        self.channel_order = channel_order
        self.loss_name = loss_name
        self._handles: list = []
        self._maps: list[Any] | None = None  # outputs of the map layer; None: not listening
        self._in_view = False
        self._last_maps: Tensor | None = None  # of this iteration, detached, for the guard

    def before_train(self, runner: Runner) -> None:
        """Attach the forward hooks to the unwrapped module."""
        model = unwrap(runner.model)
        target = find_module(model, self.module, 'module')
        self._source = MapLayer(target, self.cam_layer, self.feature_layer, self.classifier)
        self._k = self._head_k(target) if isinstance(self.top_k, str) else self.top_k
        self._images = ImageRange.of(model, self.channel_order)
        self._signature = inspect.signature(target.forward)
        if 'mode' not in self._signature.parameters:
            raise ValueError(
                f'VSTHook: {self.module or "the model"} ({type(target).__name__}) has no argument `mode` in its '
                'forward; point `module` at a model in the sense of mmengine.model.BaseModel'
            )
        self._interval = logging_interval(runner)
        self._guard = CollapseGuard(
            advice=f'Lower the weight of L_VST (VSTHook weight={self.weight}, normalization={self.normalization!r}, '
            f'reduction={self.reduction!r}), or set normalization="standardize", which does not '
            "depend on the maps' scale."
        )
        self._handles = [
            target.register_forward_pre_hook(self._arm, with_kwargs=True),
            self._source.layer.register_forward_hook(self._listen),
            target.register_forward_hook(self._add_loss, with_kwargs=True),
        ]

    def after_train(self, runner: Runner) -> None:
        """Remove the forward hooks."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._maps = self._last_maps = None

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Discard the maps of the last iteration."""
        self._last_maps = None

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Check that the hook acted and, at the logging interval, that the maps have not collapsed.

        Raises:
            RuntimeError: If the hook did not act in this iteration.
        """
        if self._last_maps is None:
            raise RuntimeError(
                f'VSTHook added no loss in iteration {runner.iter + 1}: {self.module or "the model"} was not called '
                'with mode="loss" in training mode (is it frozen in eval mode, or does its owner call .loss() instead '
                'of the module itself?), or '
                f'{self.cam_layer or self.feature_layer} did not run in that call'
            )
        if self._guard.first is None:
            # kept in the message hub, which checkpoints save: a resumed run is compared with its original start
            first = runner.message_hub.runtime_info.get(FIRST_DEVIATION)
            self._guard.start(float(spatial_deviation(self._last_maps)) if first is None else first)
            runner.message_hub.update_info(FIRST_DEVIATION, self._guard.first)
        if self.every_n_inner_iters(batch_idx, self._interval):
            value = float(spatial_deviation(self._last_maps))
            if warning := self._guard.update(value, runner.iter + 1):
                runner.logger.warning(warning)
        self._last_maps = None

    def _head_k(self, target: nn.Module) -> int:
        name = str(self.cam_layer).rpartition('.')[0]
        k = getattr(target.get_submodule(name), 'top_k', None)
        if not isinstance(k, int):
            raise ValueError(
                f'VSTHook: top_k="head" needs a K at {name or "the model"}, as sltnet_mm.CAMHead has; it has '
                f'{"none" if k is None else repr(k)}. Give top_k as a number'
            )
        return k

    def _arm(self, module: nn.Module, args: tuple, kwargs: dict) -> None:
        if not self._in_view:
            arguments = self._signature.bind(*args, **kwargs).arguments
            self._maps = [] if module.training and arguments.get('mode') == 'loss' else None

    def _listen(self, layer: nn.Module, args: tuple, output: Any) -> None:
        if self._maps is not None:
            self._maps.append(output)

    def _add_loss(self, module: nn.Module, args: tuple, kwargs: dict, outputs):
        if self._in_view or not self._maps:
            return None
        outputs_of_layer, self._maps = self._maps, None
        if not isinstance(outputs, dict):
            raise TypeError(
                f'VSTHook: {type(module).__name__} must return a dict of losses with mode="loss", got '
                f'{type(outputs).__name__}'
            )
        if self.loss_name in outputs:
            raise ValueError(
                f'VSTHook: the losses already hold {self.loss_name!r}; give the second hook another loss_name'
            )
        call = self._signature.bind(*args, **kwargs)
        name, images = next(iter(call.arguments.items()))
        if not isinstance(images, Tensor) or images.ndim != 4:
            raise TypeError(
                f'VSTHook: {name} of {type(module).__name__}.forward must be images B x C x H x W, got '
                f'{tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__}'
            )
        original = [self._source.maps(output) for output in outputs_of_layer]
        with torch.no_grad():
            params = self.views.draw(images)
            view = self._images.transform(images, lambda rgb: self.views.apply(rgb, params))
        try:
            viewed = [self._source.maps(output) for output in self._run_on(module, call, name, view)]
        except ValueError as error:
            if view.shape == images.shape:
                raise
            raise ValueError(self._view_too_small(images, view, original[0], error)) from error
        if len(viewed) != len(original):
            raise RuntimeError(
                f'VSTHook: {self._source.name} ran {len(original)} times with mode="loss" but {len(viewed)} times with '
                f'mode="tensor"; {type(module).__name__}.forward must run it the same way in both'
            )
        loss = sum(self._compare(m, v, params) for m, v in zip(original, viewed, strict=True)) / len(original)
        self._last_maps = original[0].detach()
        if not self.module and 'loss' in outputs:
            outputs = {OWN_LOSS if key == 'loss' else key: value for key, value in outputs.items()}
        return {**outputs, self.loss_name: self.weight * loss}

    def _view_too_small(self, images: Tensor, view: Tensor, maps: Tensor, error: ValueError) -> str:
        height, width = maps.shape[-2:]
        return (
            f'VSTHook: {self.module or "the model"} ran on the images of {images.shape[-2]} x {images.shape[-1]} '
            f'pixels (maps of {height} x {width} cells), but not on their view of {view.shape[-2]} x {view.shape[-1]}: '
            f'{str(error).rstrip(".")}. Here only the view is too small: take larger images, or scales of at least '
            f'{2 / max(height, width):.3g}, with VSTHook(views=[dict(type="sltnet_mm.Scale", scales=...)])'
        )

    def _run_on(self, module: nn.Module, call: inspect.BoundArguments, name: str, images: Tensor) -> list[Any]:
        """The map layer's outputs while ``module`` runs on ``images`` instead of its argument ``name``."""
        call.arguments.update({name: images, 'mode': 'tensor'})
        self._maps, self._in_view = [], True
        try:
            module(*call.args, **call.kwargs)
            return self._maps
        finally:
            self._maps, self._in_view = None, False

    def _compare(self, maps: Tensor, view_maps: Tensor, params) -> Tensor:
        """L_VST of one pair of maps (eq. 12, 13)."""
        restored = self.views.invert(view_maps.float(), params, size=tuple(maps.shape[-2:]))
        maps = maps.float()
        if self.detach_original:
            maps = maps.detach()
        if self._k is not None:
            logits = maps.detach().mean(dim=(2, 3))
            maps, restored = (average_top_k_maps(m, logits, self._k)[:, None] for m in (maps, restored))
        reference = maps
        maps, restored = (normalize_maps(m, self.normalization, reference=reference) for m in (maps, restored))
        return vst_loss(maps, restored, self.reduction)
