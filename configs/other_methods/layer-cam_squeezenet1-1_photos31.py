# LayerCAM of the last layer of a plain CAM with the paper's optimization, SqueezeNet 1.1 on photos31. Test only.
_base_ = ['./backprop_squeezenet1-1_photos31.py']
model = dict(method='layer_cam', layers=['backbone.features.12'], smooth=0.0)
