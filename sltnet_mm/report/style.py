"""The look of a report's page: system fonts, light and dark, narrow screens."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5b6168; --paper: #fff; --line: #d9dce0; --mark: #eef4ff;
  --accent: #1f5fbf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --soft: #a2a9b0; --paper: #16181b; --line: #363b41;
  --mark: #1d2a3d; --accent: #7db0ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 58rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { max-width: 52rem; margin: .5rem 0; }
ul { max-width: 52rem; padding-left: 1.2rem; }
small { display: block; font-size: .8rem; font-weight: normal; color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; white-space: normal; min-width: 11rem; }
thead th { font-size: .85rem; color: var(--soft); font-weight: 600; }
.best { font-weight: 700; background: var(--mark); }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem; max-width: 46rem; overflow-wrap: anywhere; }
.pictures { display: grid; grid-template-columns: repeat(var(--columns), 1fr); gap: .75rem .5rem; margin-top: .5rem; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; border-radius: 3px; }
figcaption { font-size: .78rem; line-height: 1.35; color: var(--soft); padding-top: .2rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .5rem; }
svg { width: 100%; height: auto; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
.axis { fill: none; stroke: var(--line); }
.curve { fill: none; stroke: var(--accent); stroke-width: 1.5; }
@media (max-width: 40rem) { .pictures { grid-template-columns: repeat(2, 1fr); } }
@media (min-width: 40rem) { dl { display: grid; grid-template-columns: 9rem 1fr; gap: .3rem 1rem; } dd { margin: 0; } }
"""
