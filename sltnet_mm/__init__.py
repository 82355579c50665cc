"""SLT-Net for the OpenMMLab stack: objects found with image labels alone."""
__version__ = '0.1.0'
