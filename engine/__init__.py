"""BPMN processes as running cases: definitions, instances, tasks, timers, history."""
