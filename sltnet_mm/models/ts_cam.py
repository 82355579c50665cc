"""TS-CAM: class maps of a vision transformer's patches, times the attention of its class token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from sltnet_mm.functional.attention import class_token_attention
from sltnet_mm.models.cam_head import CAMHead
from sltnet_mm.models.predictions import add_localization
from sltnet_mm.registry import MODELS


@MODELS.register_module()
class TSCAMHead(CAMHead):
    """The head of TS-CAM: a 3x3 convolution turns the patches into class maps, whose means are the logits.

    Args:
        num_classes: See :class:`CAMHead`, also for what follows.
        in_channels: Channels of a patch.
        loss: See :class:`CAMHead`.
        top_k: See :class:`CAMHead`.
        cal_acc: See :class:`CAMHead`.
        topk: See :class:`CAMHead`.
        init_cfg: See :class:`CAMHead`.

    Raises:
        ValueError: If a number is out of range; see :class:`CAMHead`.

    Example:
        >>> TSCAMHead(num_classes=5, in_channels=8)((torch.rand(2, 8, 14, 14),)).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        loss: dict | None = None,
        top_k: int | None = None,
        cal_acc: bool = False,
        topk: int | Sequence[int] = (1,),
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, loss, top_k, cal_acc=cal_acc, topk=topk, init_cfg=init_cfg)
        self.cam = nn.Conv2d(in_channels, num_classes, 3, padding=1)

    def predict(
        self,
        feats: tuple[Tensor, ...],
        data_samples: list[DataSample] | None = None,
        attention: Tensor | None = None,
    ) -> list[DataSample]:
        """Scores and maps as those of :class:`CAMHead`; ``attention``, B x h x w, multiplies the maps."""
        maps = self.class_maps(feats)
        logits = maps.mean((2, 3))
        data_samples = self._get_predictions(logits, data_samples)
        coupled = maps if attention is None else maps.float() * attention[:, None]
        add_localization(data_samples, coupled, logits, self.top_k)
        return data_samples


@MODELS.register_module()
class TSCAMClassifier(ImageClassifier):
    r"""TS-CAM (Gao et al., ICCV 2021): a transformer that localizes what it names.

    Trained as a classifier with :class:`TSCAMHead`. The map of class c at a test is its class map times the attention
    of the class token to the patches, summed over the blocks l (:func:`sltnet_mm.functional.class_token_attention`):

    .. math::
        S_c = M_c \odot \sum_l A^l

    Args:
        backbone: A vision transformer of mmpretrain with a class token and ``out_type='featmap'``:
            ``VisionTransformer``, as DeiT's, or ``DistilledVisionTransformer``.
        head: :class:`TSCAMHead`.
        neck: As in ``mmpretrain.ImageClassifier``.
        pretrained: As there.
        train_cfg: As there.
        data_preprocessor: As there.
        init_cfg: As there.

    Raises:
        TypeError: If the head is not :class:`TSCAMHead`.
        ValueError: If the backbone has no class token, or no blocks with ``attn.qkv``.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        neck: dict | None = None,
        pretrained: str | None = None,
        train_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, pretrained, train_cfg, data_preprocessor, init_cfg)
        if not isinstance(self.head, TSCAMHead):
            raise TypeError(f'TSCAMClassifier: head must be TSCAMHead, got {type(self.head).__name__}')
        if getattr(self.backbone, 'cls_token', None) is None or not self._attentions():
            raise ValueError(
                f'TSCAMClassifier needs a vision transformer with a class token and blocks with attn.qkv, as '
                f"mmpretrain's VisionTransformer, got {type(self.backbone).__name__}"
            )

    def _attentions(self) -> list[Any]:
        """The attention modules of the blocks that have query, key and value in one layer."""
        found = [getattr(block, 'attn', None) for block in getattr(self.backbone, 'layers', ())]
        return [each for each in found if hasattr(each, 'qkv') and hasattr(each, 'num_heads')]

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None, **kwargs: Any) -> list[DataSample]:
        """The samples with scores and maps; see :meth:`TSCAMHead.predict`."""
        with self._attention() as seen:
            feats = self.extract_feat(inputs)
        attention = torch.stack(seen).sum(0).view(len(inputs), *feats[-1].shape[-2:])
        return self.head.predict(feats, data_samples, attention=attention, **kwargs)

    @contextmanager
    def _attention(self) -> Iterator[list[Tensor]]:
        """Collect the attention of the class token to the patches, B x hw, of each block that runs."""
        seen: list[Tensor] = []

        def keeper(heads: int):
            def keep(layer: nn.Module, args: tuple, output: Tensor) -> None:
                seen.append(class_token_attention(output.detach(), heads, self.backbone.num_extra_tokens))

            return keep

        handles = [each.qkv.register_forward_hook(keeper(each.num_heads)) for each in self._attentions()]
        try:
            yield seen
        finally:
            for handle in handles:
                handle.remove()
