# The same detector trained on ground-truth boxes: what it could have learned with them.
_base_ = ['rtmdet-pseudo-boxes_squeezenet1-1_1xb16-24e_photos31.py']
train_dataloader = dict(dataset=dict(ann_file='work_dirs/photos31_boxes/true_train.json'))
