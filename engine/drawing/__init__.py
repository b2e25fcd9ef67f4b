"""Draws a BPMN file as SVG, without a browser: for reports and for whoever has no editor at hand."""

from engine.drawing.picture import draw

__all__ = ["draw"]
