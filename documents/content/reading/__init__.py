"""Runs inside the worker process: one module per family of files, each giving text, a layout, or a picture."""
