"""A tiny host model and data that several tests share; it knows nothing of sltnet_mm."""

from __future__ import annotations

import itertools
import os

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn
from torch.nn import functional as F

_NUMBERS = itertools.count()  # mmengine keeps one logger a name
FLIP_AND_HALF = [dict(type='sltnet_mm.HorizontalFlip', prob=1.0), dict(type='sltnet_mm.Scale', scales=(0.5,))]


class ToyClassifier(BaseModel):
    """Convolution, map layer, spatial mean; float64 so that two ways of one step can be compared closely."""

    def __init__(self, classes: int = 3, norm: bool = False, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.features = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4) if norm else nn.Identity()
        self.cam = nn.Conv2d(4, classes, 1, bias=False)
        self.to(dtype)

    def maps(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.cam(F.relu(self.norm(self.features(inputs))))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        logits = self.maps(inputs).mean(dim=(2, 3))
        if mode == 'loss':
            labels = torch.stack([torch.as_tensor(sample.gt_label) for sample in data_samples])
            return dict(loss_ce=F.cross_entropy(logits, labels))
        return logits


class ToyImages(torch.utils.data.Dataset):
    """Smooth random images with labels; item i is the same in every process."""

    metainfo = dict(classes=('a', 'b', 'c'))

    def __init__(self, count: int, side: int = 8, dtype: torch.dtype = torch.float64) -> None:
        generator = torch.Generator().manual_seed(0)
        self.images = F.interpolate(torch.randn(count, 3, 4, 4, generator=generator), size=side, mode='bilinear').to(
            dtype
        )
        self.labels = [i % 3 for i in range(count)]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> dict:
        sample = BaseDataElement(metainfo=dict(img_path=f'image{i}.jpg'))
        sample.gt_label = self.labels[i]
        return dict(inputs=self.images[i], data_samples=sample)


def samples_of(dataset: ToyImages, indices) -> tuple[torch.Tensor, list]:
    items = [dataset[i] for i in indices]
    return torch.stack([item['inputs'] for item in items]), [item['data_samples'] for item in items]


class StackingPreprocessor(nn.Module):
    """Stacks the images; keeps float64."""

    def forward(self, data: dict, training: bool = False) -> dict:
        return dict(inputs=torch.stack(list(data['inputs'])), data_samples=data['data_samples'])


def toy_runner(
    model,
    work_dir,
    hooks,
    *,
    images=16,
    batch=8,
    epochs=1,
    lr=0.5,
    accumulate=1,
    side=8,
    launcher='none',
    dtype=torch.float64,
    drop_last=False,
    **cfg,
) -> Runner:
    """mmengine's Runner on the toy data, in order, with plain SGD."""
    model.data_preprocessor = StackingPreprocessor()
    loader = dict(
        dataset=ToyImages(images, side, dtype),
        batch_size=batch,
        drop_last=drop_last,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='pseudo_collate'),
    )
    return Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=loader,
        launcher=launcher,
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(
            type='OptimWrapper', optimizer=dict(type='SGD', lr=lr, momentum=0.9), accumulative_counts=accumulate
        ),
        custom_hooks=hooks,
        default_scope='mmengine',
        log_level='WARNING',
        randomness=dict(seed=0),
        experiment_name=f'toy{next(_NUMBERS)}-{os.getpid()}',
        **cfg,
    )
