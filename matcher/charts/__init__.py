"""Charts as SVG text for pages: bars, stacked bars, histograms, lines.

Colours are classes, so that a page's style sheet has them, light or dark, and no style stands inside the picture. Every
chart has a title and a description for whoever hears it, and `Plot.table` has its numbers for a table beside it.
"""
