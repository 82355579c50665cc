# Input saliency ("Backprop") of a trained plain CAM, GoogLeNet on ILSVRC2012; Table 4: Top-1 LOC 38.7. Test only.
_base_ = ['./cam_googlenet_1xb16-10e_ilsvrc.py']
model = dict(_delete_=True, type='sltnet_mm.MapSourceModel', module=_base_.model, method='input_saliency', smooth=3.0)
load_from = 'work_dirs/cam_googlenet_1xb16-10e_ilsvrc/epoch_10.pth'
train_cfg = None
train_dataloader = None
val_dataloader = None
val_evaluator = None
val_cfg = None
optim_wrapper = None
param_scheduler = None
