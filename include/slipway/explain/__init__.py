"""Explain a release graph to people: Markdown for the UI, a page for the terminal."""

from slipway.explain.markdown import markdown
from slipway.explain.terminal import terminal

__all__ = ["markdown", "terminal"]
