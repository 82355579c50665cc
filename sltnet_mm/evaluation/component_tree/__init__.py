"""Boxes, overlaps and histograms of a score map at every threshold at once, compiled with numba where it is installed.

The numbers are those of a plain loop over the thresholds with OpenCV's contours, which stays as the path without numba.
"""
