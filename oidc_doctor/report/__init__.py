"""Renderers: a Report as text, Markdown and JSON. formats.py lists them."""
