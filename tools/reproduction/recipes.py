"""Which configs make which row of the paper's tables, on each data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from reproduction.commands import CHECKPOINT, OUTPUTS, SCORES
from reproduction.steps import CONFIGS, Step

BACKBONES: Final = MappingProxyType(
    dict(VGG16='vgg16', InceptionV3='inceptionv3', ResNet50='resnet50', DenseNet161='densenet161')
)
"""The paper's names of backbones, and ours in names of configs."""


BOXES: Final = 'train_dataloader.dataset.boxes'
"""The setting of a regressor's config that names the file of its pseudo boxes."""
SCORE_FILE: Final = 'test_evaluator.0.score_file'
"""The setting of a test that names the file of the classifier's scores."""


@dataclass(frozen=True)
class Data:
    """How the configs of a data set are named, and which numbers of the paper stand beside its own.

    Args:
        name: The last word of the configs' names.
        schedule: The word of the paper's optimization in them (batch and epochs).
        paper: The data set of the paper whose numbers are shown.
        classes: C.
        top_k: K of its localizers.
        teacher: The backbone of the localizer whose pseudo boxes teach every regressor (end of Sec. 4.2).
        stand_ins: Backbones that stand in for the paper's.
        usual: The word of a classifier's usual schedule; None: of whichever other config there is.
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
        """Whether the paper has numbers of this very data set."""
        return self.name == self.paper

    def backbone(self, name: str) -> str:
        """Our word for a backbone of the paper, or for what stands in for it."""
        return self.stand_ins.get(name, BACKBONES[name])


DATA: Final[Mapping[str, Data]] = MappingProxyType(
    {
        data.name: data
        for data in (
            Data('cub', '1xb16-4e', 'cub', classes=200, top_k=30),
            Data('ilsvrc', '1xb16-2e', 'ilsvrc', classes=1000, top_k=100, teacher='InceptionV3'),
            Data('photos31', '1xb16-4e', 'cub', classes=31, top_k=5, stand_ins=dict(VGG16='squeezenet1-1')),
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
    """The training of a localizer: kind 'cam', 'smt-top1', 'smt', 'vst' or 'slt-localizer', the paper's schedule.

    Example:
        >>> localizer('smt', 'VGG16', DATA['photos31']).config
        'localizer/smt_squeezenet1-1_1xb16-4e_photos31'
    """
    return Step('train', f'localizer/{kind}_{data.backbone(backbone)}_{data.schedule}_{data.name}')


def new_optimization(backbone: str, data: Data) -> Step:
    """Plain CAM with the paper's optimization."""
    if data.usual == data.schedule:  # one schedule, which is the usual one: there is no such config
        return Step('train', f'localizer/cam_{data.backbone(backbone)}_new-optimization_{data.name}')
    return localizer('cam', backbone, data)


def usual_cam(backbone: str, data: Data) -> Step:
    """Plain CAM, trained as classifiers usually are.

    Raises:
        ValueError: Several configs could be meant.
    """
    return Step('train', _only('localizer', f'cam_{data.backbone(backbone)}', data, data.usual))


def classifier(backbone: str, data: Data) -> Step:
    """The training, or only the test, of the classifier."""
    return Step('train', _only('classifier', f'classifier_{data.backbone(backbone)}', data))


def _only(folder: str, start: str, data: Data, schedule: str | None = None) -> str:
    """The one config of a folder with this start whose schedule is not the paper's, or is ``schedule``."""
    found = sorted(path.stem for path in (CONFIGS / folder).glob(f'{start}_{schedule or "*"}_{data.name}.py'))
    if schedule is None and folder == 'localizer':
        found = [stem for stem in found if stem != f'{start}_{data.schedule}_{data.name}']
    if len(found) > 1:
        raise ValueError(f'configs/{folder}: one of {found} must be meant by {start}_*_{data.name}, remove the others')
    return f'{folder}/' + (found[0] if found else f'{start}_{schedule or "(usual schedule)"}_{data.name}')


def pseudo_boxes(data: Data, split: str = 'train') -> Step:
    """Boxes of the localizer that teaches the regressors."""
    teacher = localizer('slt-localizer', data.teacher, data)
    return Step('pseudo_boxes', teacher.config, (('split', split),), (('checkpoint', teacher, CHECKPOINT),))


def ddt_boxes(backbone: str, data: Data, split: str) -> Step:
    """Boxes of deep descriptor transforming."""
    return Step('ddt_boxes', f'ddt/ddt_{data.backbone(backbone)}_{data.name}', (('split', split),))


def ddt_numbers(backbone: str, data: Data) -> Step:
    """What DDT's own boxes are worth on the test split."""
    boxes = ddt_boxes(backbone, data, 'test')
    return Step('box_numbers', boxes.config, (('split', 'test'),), (('boxes', boxes, OUTPUTS[boxes.tool]),))


def regressor(kind: str, backbone: str, data: Data) -> Step:
    """A regressor trained offline: 'regressor' on the teacher's boxes, 'psol' on DDT's with VGG16, as PSOL does."""
    boxes = pseudo_boxes(data) if kind == 'regressor' else ddt_boxes('VGG16', data, 'train')
    config = f'regressor/{kind}_{data.backbone(backbone)}_{data.schedule}_{data.name}'
    return _with_labels(Step('train', config, inputs=((BOXES, boxes, OUTPUTS[boxes.tool]),)), backbone, data)


def _with_labels(step: Step, backbone: str, data: Data) -> Step:
    """The step, its boxes joined with the labels of the classifier, where the data set has one."""
    of_classifier = classifier(backbone, data)
    if not of_classifier.exists:
        return step
    return replace(step, inputs=(*step.inputs, (SCORE_FILE, of_classifier, SCORES)))


def joint(backbone: str, data: Data) -> Step:
    """Localizer and regressor trained together (Sec. 3.1)."""
    config = f'slt_net/slt-net_{data.backbone(backbone)}_{data.schedule}_{data.name}'
    return _with_labels(Step('train', config), backbone, data)
