# Input saliency ("Backprop") of a plain CAM with the paper's optimization, SqueezeNet 1.1 on photos31. Test only.
_base_ = ['../localizer/cam_squeezenet1-1_1xb16-4e_photos31.py']
model = dict(_delete_=True, type='sltnet_mm.MapSourceModel', module=_base_.model, method='input_saliency', smooth=3.0)
load_from = 'work_dirs/cam_squeezenet1-1_1xb16-4e_photos31/epoch_4.pth'
train_cfg = None
train_dataloader = None
val_dataloader = None
val_evaluator = None
val_cfg = None
optim_wrapper = None
param_scheduler = None
