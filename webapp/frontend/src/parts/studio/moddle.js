// The vocabularies that diagrams are written in beside BPMN's own.
import camunda from "camunda-bpmn-moddle/resources/camunda.json";

import obieg from "./obieg.json";

export const MODDLE = { camunda, obieg };
