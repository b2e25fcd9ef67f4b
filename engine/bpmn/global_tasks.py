"""Global tasks: tasks beside the processes of a file, for call activities; each becomes a process with one element."""

from lxml import etree

from engine.bpmn.read import BPMN, Xml, children

KINDS = {  # what is executed in its place
    "globalTask": "task",
    "globalManualTask": "manualTask",
    "globalUserTask": "userTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}


def wrap_global_tasks(root: Xml) -> list[Xml]:
    """Put each global task of a file into a process; the processes, which have no id as long as they are checked.

    The task keeps its id, and the process gets the same: it is what call activities name and what the history tells.
    """
    wrapped = []
    for task in children(root, *KINDS):
        process = etree.Element(f"{{{BPMN}}}process", isExecutable="true")
        root.replace(task, process)
        task.tag = f"{{{BPMN}}}{KINDS[etree.QName(task).localname]}"
        task.tail = None
        language = task.attrib.pop("scriptLanguage", None)
        if language is not None:
            task.set("scriptFormat", language)
        process.append(task)
        wrapped.append(process)
    return wrapped
