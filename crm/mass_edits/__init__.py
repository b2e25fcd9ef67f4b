"""Changes of many customers at once: looked at before, made by a worker, taken back as one."""
