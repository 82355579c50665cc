# Where trained weights come from. All of them: SLTNET_WEIGHTS=<mirror or folder with the same tree> in the environment,
# as https://mmassets.onedl.ai/mmclassification/v0. One of them: SLTNET_VGG16=<file or URL>, SLTNET_INCEPTIONV3,
# SLTNET_RESNET50, SLTNET_DENSENET161, SLTNET_DEIT_SMALL. The files hold mmpretrain's names: torchvision's own are
# renamed by tools/model_converters/torchvision_to_mmpretrain.py. A file that lacks a parameter is an error.
weights_host = '{{$SLTNET_WEIGHTS:https://download.openmmlab.com/mmclassification/v0}}'
# '-' is the default of a variable that is not set: the file below weights_host is taken.
files = dict(
    vgg16=('{{$SLTNET_VGG16:-}}', 'vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth'),
    inceptionv3=('{{$SLTNET_INCEPTIONV3:-}}', 'inception-v3/inception-v3_3rdparty_8xb32_in1k_20220615-dcd4d910.pth'),
    resnet50=('{{$SLTNET_RESNET50:-}}', 'resnet/resnet50_8xb32_in1k_20210831-ea4938fc.pth'),
    deit_small=('{{$SLTNET_DEIT_SMALL:-}}', 'deit/deit-small_pt-4xb256_in1k_20220218-9425b9bb.pth'),
    densenet161=('{{$SLTNET_DENSENET161:-}}', 'densenet/densenet161_4xb256_in1k_20220426-ee6a80a9.pth'),
)
pretrained = {net: f'{weights_host}/{tail}' if own == '-' else own for net, (own, tail) in files.items()}
del files
