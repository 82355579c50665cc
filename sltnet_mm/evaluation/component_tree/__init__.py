"""Boxes, IoUs and histograms of a score map at all thresholds at once, compiled with numba if it is installed.

The results equal those of a plain loop over the thresholds with OpenCV's contours, which is used without numba. This
package imports nothing else of sltnet_mm. To use the metrics, there is no need to read it.

A gray image is split into *hills* (pieces of rows), hills into *basins* (connected at their tops), and basins are
merged from high to low levels (Kruskal's algorithm). One pass over the merges then gives the box of every component at
every level.
"""
