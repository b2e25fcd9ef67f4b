// Properties of our vocabulary in the panel, with what can be chosen; groups that nothing here executes are left out.
import { SelectEntry, TextFieldEntry, isSelectEntryEdited, isTextFieldEntryEdited } from "@bpmn-io/properties-panel";
import { jsx } from "@bpmn-io/properties-panel/preact/jsx-runtime";
import { useService } from "bpmn-js-properties-panel";
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";

const AFTER = 200; // lower than the other providers: their groups are at hand
const NOT_EXECUTED = new Set(
  ["ExecutionListener", "TaskListener", "FieldInjection", "ExtensionProperties", "ConnectorInput", "ConnectorOutput", "FormData", "JobExecution"].map(
    (name) => `CamundaPlatform__${name}`,
  ),
);
const DURATION = "A duration such as P2D or PT4H in working time, or FEEL after =";

/** A module for the modeler; `choices` are what the server knows. */
export function obiegProperties(choices) {
  function Provider(propertiesPanel) {
    propertiesPanel.registerProvider(AFTER, {
      getGroups: (element) => (groups) => {
        const kept = groups.filter(({ id }) => !NOT_EXECUTED.has(id));
        const own = entriesOf(element, choices);
        const place = Math.min(kept.length, 1); // behind the general ones
        if (own.length) kept.splice(place, 0, { id: "obieg", label: "Obieg", entries: own });
        return kept;
      },
    });
  }
  Provider.$inject = ["propertiesPanel"];
  return { __init__: ["obiegProperties"], obiegProperties: ["type", Provider] };
}

function entriesOf(element, choices) {
  const { forms, decisions, processes, roles, entities } = choices;
  const found = [];
  const text = (name, label, description, of) => found.push(entry(element, name, label, { description, of }));
  const pick = (name, label, some, more) => found.push(entry(element, name, label, { ...more, some }));
  if (isAny(element, ["bpmn:Process", "bpmn:Participant"])) {
    const of = processOf(element);
    if (of) {
      text("obieg:stages", "Stages", "In their order, separated by commas", of);
      text("obieg:goals", "Outcomes that are a success", "Separated by commas", of);
      text("obieg:searchable", "Variables that the inbox searches", "Separated by commas", of);
      text("obieg:sla", "A case may take", DURATION, of);
      pick("camunda:candidateStarterGroups", "Roles that may start it", roles, { of, isList: true });
    }
  }
  if (is(element, "bpmn:UserTask")) {
    pick("camunda:formRef", "Form", forms);
    pick("camunda:candidateGroups", "Roles that it is offered to", roles, { isList: true });
    text("obieg:sla", "Due after", DURATION);
    text("obieg:fourEyes", "Not by who did", "Ids of user tasks or of the start event, separated by commas");
  }
  if (isAny(element, ["bpmn:ServiceTask", "bpmn:SendTask"])) {
    pick("obieg:handler", "Operation", choices.handlers);
    found.push(flag(element, "obieg:deferred", "Run it outside the transaction"));
  }
  if (is(element, "bpmn:BusinessRuleTask")) pick("camunda:decisionRef", "Decision", decisions);
  if (is(element, "bpmn:CallActivity")) pick("calledElement", "Process", processes);
  if (is(element, "bpmn:Lane")) pick("obieg:role", "Role of the lane", roles);
  if (is(element, "bpmn:DataObjectReference")) pick("obieg:documentType", "Document type", choices.document_types);
  if (is(element, "bpmn:DataStoreReference")) pick("obieg:entity", "Record", entities);
  if (is(element, "bpmn:EndEvent")) text("obieg:outcome", "Outcome of the case");
  const message = messageOf(element);
  if (message) text("obieg:correlationKey", "Correlation key", "Text, or FEEL after =", message);
  const loop = getBusinessObject(element)?.loopCharacteristics;
  if (loop && loop.$instanceOf?.("bpmn:MultiInstanceLoopCharacteristics")) {
    text("obieg:outputCollection", "Collects into", "A variable that takes one value of each", loop);
    text("obieg:outputElement", "Value of each", "FEEL after =", loop);
  }
  if (is(element, "bpmn:FlowNode")) pick("obieg:stage", "Stage while it is here", stagesOf(element));
  return found;
}

function processOf(element) {
  const found = getBusinessObject(element);
  return found.$instanceOf?.("bpmn:Participant") ? found.processRef : found;
}

function messageOf(element) {
  if (isAny(element, ["bpmn:ReceiveTask", "bpmn:SendTask"])) return getBusinessObject(element);
  const definitions = getBusinessObject(element)?.eventDefinitions ?? [];
  return definitions.find((each) => each.$instanceOf?.("bpmn:MessageEventDefinition"));
}

function stagesOf(element) {
  let found = getBusinessObject(element);
  while (found && !found.$instanceOf?.("bpmn:Process")) found = found.$parent;
  const stages = found?.get("obieg:stages") ?? "";
  return stages.split(/[,;]/).map((each) => each.trim()).filter(Boolean);
}

/** An entry for one attribute, of the element or of what `of` names; with `some`, what is known is offered. */
function entry(element, name, label, { description, some, of, isList = false } = {}) {
  const id = `obieg-${name.replace(":", "-")}`;
  const more = { element, id, name, label, description, of, options: some?.map(option), isList };
  if (!some) return { ...more, component: TextOf, isEdited: isTextFieldEntryEdited };
  return { ...more, component: isList ? ListOf : ChoiceOf, isEdited: isList ? isTextFieldEntryEdited : isSelectEntryEdited };
}

function flag(element, name, label) {
  const some = [
    { value: "", label: "no" },
    { value: "true", label: "yes" },
  ];
  return { ...entry(element, name, label, { some }), options: some, isFlag: true };
}

const option = (each) => (typeof each === "string" ? { value: each, label: each } : { ...each, label: named(each) });
const named = ({ value, label }) => (label ? `${label} (${value})` : value);

function useAttribute({ element, name, of }) {
  const modeling = useService("modeling");
  const target = of ?? getBusinessObject(element);
  return {
    getValue: () => String(target.get(name) ?? ""),
    setValue: (value) => modeling.updateModdleProperties(element, target, { [name]: value || undefined }),
  };
}

function TextOf(props) {
  const debounce = useService("debounceInput");
  const { element, id, label, description } = props;
  return jsx(TextFieldEntry, { element, id, label, description, debounce, ...useAttribute(props) });
}

/** One of what is known; what the file says already stays, known or not. */
function ChoiceOf(props) {
  const { element, id, label, description, options, isFlag } = props;
  const attribute = useAttribute(props);
  const getOptions = () => {
    const value = attribute.getValue();
    if (isFlag) return options;
    const unknown = value && !options.some((each) => each.value === value) ? [{ value, label: `${value} (not known)` }] : [];
    return [{ value: "", label: "–" }, ...unknown, ...options];
  };
  const setValue = (value) => attribute.setValue(isFlag ? value === "true" : value);
  return jsx(SelectEntry, { element, id, label, description, getOptions, getValue: attribute.getValue, setValue });
}

/** Several of what is known, as text between commas, with a list to add from. */
function ListOf(props) {
  const debounce = useService("debounceInput");
  const { element, id, label, options } = props;
  const attribute = useAttribute(props);
  const chosen = () => attribute.getValue().split(",").map((each) => each.trim()).filter(Boolean);
  const left = () => options.filter(({ value }) => !chosen().includes(value));
  return [
    jsx(TextFieldEntry, { element, id, label, description: "Separated by commas, or FEEL after =", debounce, ...attribute }),
    jsx(SelectEntry, {
      element,
      id: `${id}-more`,
      label: "Add",
      getOptions: () => [{ value: "", label: "–" }, ...left()],
      getValue: () => "",
      setValue: (value) => value && attribute.setValue([...chosen(), value].join(", ")),
    }),
  ];
}
