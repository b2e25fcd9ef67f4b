"""Reads BPMN safely, checks it and lowers it to what the engine executes."""
