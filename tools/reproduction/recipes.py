"""The configs behind each row of the paper's tables, for each data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from reproduction.commands import CHECKPOINT, OUTPUTS, SCORES
from reproduction.steps import CONFIGS, Step

BACKBONES: Final = MappingProxyType(
    dict(
        VGG16='vgg16',
        InceptionV3='inceptionv3',
        ResNet50='resnet50',
        DenseNet161='densenet161',
        GoogLeNet='googlenet',
    )
)
"""The paper's names of backbones, and those in our config names."""


BOXES: Final = 'train_dataloader.dataset.boxes'
"""The key of the pseudo-box file in a regressor's config."""
SCORE_FILE: Final = 'test_evaluator.0.score_file'
"""The key of the file with the classifier's scores in a config."""
LOAD_FROM: Final = 'load_from'
"""The key of the checkpoint that a training or test starts from."""
CLASSIFIER_FILE: Final = 'model.classifier_checkpoint'
"""The key of the frozen classifier's checkpoint in GC-Net's configs."""


@dataclass(frozen=True)
class Data:
    """A data set: how its configs are named, and which of the paper's numbers it is compared with.

    Args:
        name: Last part of the config names.
        schedule: Part of the config names for the paper's optimization (batch size and epochs).
        paper: The paper's data set whose numbers are shown.
        classes: Number of classes.
        top_k: K of the localizers.
        teacher: Backbone of the localizer whose pseudo boxes train every regressor (end of Sec. 4.2). Defaults to
            'VGG16'.
        stand_ins: Backbones that replace the paper's. Defaults to none.
        usual: Part of the config names for the usual schedule of a classifier. None: any schedule but the paper's.
            Defaults to None.
    """

    name: str
    schedule: str
    paper: str
    classes: int
    top_k: int
    teacher: str = 'VGG16'
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    usual: str | None = None

    @property
    def of_the_paper(self) -> bool:
        """Whether the paper itself has numbers for this data set."""
        return self.name == self.paper

    def backbone(self, name: str) -> str:
        """Our name of one of the paper's backbones, or of its replacement."""
        return self.stand_ins.get(name, BACKBONES[name])


DATA: Final[Mapping[str, Data]] = MappingProxyType(
    {
        data.name: data
        for data in (
            Data('cub', '1xb16-4e', 'cub', classes=200, top_k=30),
            Data('ilsvrc', '1xb16-2e', 'ilsvrc', classes=1000, top_k=100, teacher='InceptionV3'),
            Data('photos31', '1xb16-4e', 'cub', classes=31, top_k=5, stand_ins=dict(VGG16='squeezenet1-1')),
            Data('marks36', '1xb16-4e', 'cub', classes=36, top_k=5, stand_ins=dict(VGG16='squeezenet1-1')),
            Data(
                'synthetic',
                '1xb32-10e',
                'cub',
                classes=12,
                top_k=2,
                stand_ins=dict(VGG16='small-conv'),
                usual='1xb32-10e',
            ),
        )
    }
)


def localizer(kind: str, backbone: str, data: Data) -> Step:
    """The training of a localizer ('cam', 'smt-top1', 'smt', 'vst' or 'slt-localizer') with the paper's schedule.

    Example:
        >>> localizer('smt', 'VGG16', DATA['photos31']).config
        'localizer/smt_squeezenet1-1_1xb16-4e_photos31'
    """
    return Step('train', f'localizer/{kind}_{data.backbone(backbone)}_{data.schedule}_{data.name}')


def new_optimization(backbone: str, data: Data) -> Step:
    """Plain CAM with the paper's optimization."""
    if data.usual == data.schedule:  # the only schedule is the usual one, so this config does not exist
        return Step('train', f'localizer/cam_{data.backbone(backbone)}_new-optimization_{data.name}')
    return localizer('cam', backbone, data)


def usual_cam(backbone: str, data: Data) -> Step:
    """Plain CAM with the usual schedule of classifiers.

    Raises:
        ValueError: If several configs match.
    """
    return Step('train', _only('localizer', f'cam_{data.backbone(backbone)}', data, data.usual))


def classifier(backbone: str, data: Data) -> Step:
    """The training (or, for a pretrained one, only the test) of the classifier."""
    return Step('train', _only('classifier', f'classifier_{data.backbone(backbone)}', data))


def _only(folder: str, start: str, data: Data, schedule: str | None = None) -> str:
    """The only config in a folder with this prefix and ``schedule``, or any schedule but the paper's."""
    found = sorted(path.stem for path in (CONFIGS / folder).glob(f'{start}_{schedule or "*"}_{data.name}.py'))
    if schedule is None and folder == 'localizer':
        found = [stem for stem in found if stem != f'{start}_{data.schedule}_{data.name}']
    if len(found) > 1:
        raise ValueError(f'configs/{folder}: one config must match {start}_*_{data.name}, got {found}. Keep only one')
    return f'{folder}/' + (found[0] if found else f'{start}_{schedule or "(usual schedule)"}_{data.name}')


def pseudo_boxes(data: Data, split: str = 'train') -> Step:
    """The boxes of the localizer that trains the regressors."""
    teacher = localizer('slt-localizer', data.teacher, data)
    return Step('pseudo_boxes', teacher.config, (('split', split),), (('checkpoint', teacher, CHECKPOINT),))


def ddt_boxes(backbone: str, data: Data, split: str) -> Step:
    """The boxes of deep descriptor transforming (DDT)."""
    return Step('ddt_boxes', f'ddt/ddt_{data.backbone(backbone)}_{data.name}', (('split', split),))


def ddt_numbers(backbone: str, data: Data) -> Step:
    """The evaluation of DDT's boxes on the test split."""
    boxes = ddt_boxes(backbone, data, 'test')
    return Step('box_numbers', boxes.config, (('split', 'test'),), (('boxes', boxes, OUTPUTS[boxes.tool]),))


def regressor(kind: str, backbone: str, data: Data) -> Step:
    """A regressor trained offline: 'regressor' on the teacher's boxes, 'psol' on DDT's with VGG16 as in PSOL."""
    boxes = pseudo_boxes(data) if kind == 'regressor' else ddt_boxes('VGG16', data, 'train')
    config = f'regressor/{kind}_{data.backbone(backbone)}_{data.schedule}_{data.name}'
    return _with_labels(Step('train', config, inputs=((BOXES, boxes, OUTPUTS[boxes.tool]),)), backbone, data)


def _with_labels(step: Step, backbone: str, data: Data) -> Step:
    """The step with labels from the classifier, if the data set has one."""
    of_classifier = classifier(backbone, data)
    if not of_classifier.exists:
        return step
    return replace(step, inputs=(*step.inputs, (SCORE_FILE, of_classifier, SCORES)))


def joint(backbone: str, data: Data) -> Step:
    """The joint training of localizer and regressor (Sec. 3.1)."""
    config = f'slt_net/slt-net_{data.backbone(backbone)}_{data.schedule}_{data.name}'
    return _with_labels(Step('train', config), backbone, data)


OTHER_METHODS: Final = MappingProxyType(
    {
        'ACoL': 'acol',
        'SPG': 'spg',
        'HaS-32': 'has-32',
        'ADL': 'adl',
        'DANet': 'danet',
        'MEIL': 'meil',
        'GC-Net': 'gc-net',
        'I2C': 'i2c',
        'GMP': 'gmp',
        'Backprop': 'backprop',
    }
)
"""The methods that the paper compares with, and the first words of their configs in ``configs/other_methods``."""


def other_method(method: str, backbone: str, data: Data) -> Step:
    """The training of another method, with what it starts from.

    Example:
        >>> other_method('ADL', 'VGG16', DATA['cub']).config
        'other_methods/adl_vgg16_1xb32-50e_cub'
        >>> [step.config for step in other_method('Backprop', 'VGG16', DATA['ilsvrc']).chain()]
        ['localizer/cam_vgg16_1xb16-10e_ilsvrc', 'other_methods/backprop_vgg16_ilsvrc']
    """
    net, word = data.backbone(backbone), OTHER_METHODS[method]
    if method == 'Backprop':
        cam = ((LOAD_FROM, plain_cam(backbone, data), CHECKPOINT),)
        return Step('train', f'other_methods/{word}_{net}_{data.name}', inputs=cam)
    step = Step('train', _only('other_methods', f'{word}_{net}', data))
    if method == 'I2C' and net == 'inceptionv3':
        return replace(step, inputs=((LOAD_FROM, plain_cam(backbone, data), CHECKPOINT),))
    if method == 'GC-Net':
        of_classifier = (
            classifier(backbone, data) if (net, data.name) == ('vgg16', 'cub') else plain_cam(backbone, data)
        )
        return replace(step, inputs=((CLASSIFIER_FILE, of_classifier, CHECKPOINT),))
    return step


def of_other_methods(word: str, backbone: str, data: Data) -> Step:
    """The training of the config in ``configs/other_methods`` whose name starts with ``word``.

    Example:
        >>> of_other_methods('adl-smt', 'VGG16', DATA['photos31']).config
        'other_methods/adl-smt_squeezenet1-1_1xb16-4e_photos31'
    """
    return Step('train', _only('other_methods', f'{word}_{data.backbone(backbone)}', data))


def plain_cam(backbone: str, data: Data) -> Step:
    """Plain CAM with its usual schedule, on any backbone."""
    if backbone == 'GoogLeNet':
        return Step('train', _only('other_methods', f'cam_{data.backbone(backbone)}', data))
    return usual_cam(backbone, data)


def own_psol(backbone: str, data: Data) -> Step:
    """PSOL's own head, loss and crops, on the boxes of DDT with VGG16."""
    boxes = ddt_boxes('VGG16', data, 'train')
    config = _only('other_methods', f'psol-own_{data.backbone(backbone)}', data)
    return _with_labels(Step('train', config, inputs=((BOXES, boxes, OUTPUTS[boxes.tool]),)), backbone, data)
