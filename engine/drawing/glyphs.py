"""The small signs inside events, gateways and tasks, as SVG paths around the origin."""

EVENTS = {  # within 9 units of the centre; what throws is filled
    "messageEventDefinition": "M-8 -5.5h16v11h-16zM-8 -5.5l8 6.5l8 -6.5",
    "timerEventDefinition": "M0 -8.5a8.5 8.5 0 1 0 .01 0zM0 -5v5h4",
    "signalEventDefinition": "M0 -7.5l8 13h-16z",
    "errorEventDefinition": "M-7 7l4 -12l5 6l5 -8l-4 13l-5 -6z",
    "escalationEventDefinition": "M0 -8l6 15l-6 -6l-6 6z",
    "conditionalEventDefinition": "M-6 -7.5h12v15h-12zM-4 -4h8M-4 0h8M-4 4h8",
    "compensateEventDefinition": "M-1 -5.5v11l-7 -5.5zM7 -5.5v11l-7 -5.5z",
    "linkEventDefinition": "M-8 -3h9v-4l7 7l-7 7v-4h-9z",
    "terminateEventDefinition": "M0 -9a9 9 0 1 0 .01 0z",
    "cancelEventDefinition": "M-7 -5l2 -2l5 5l5 -5l2 2l-5 5l5 5l-2 2l-5 -5l-5 5l-2 -2l5 -5z",
}
MULTIPLE = "M0 -8l8 6l-3 9h-10l-3 -9z"
ALL_OF_THEM = "M-2.5 -8h5v5.5h5.5v5h-5.5v5.5h-5v-5.5h-5.5v-5h5.5z"
GATEWAYS = {
    "exclusiveGateway": "M-8 -9h4l4 6.5l4 -6.5h4l-6 9l6 9h-4l-4 -6.5l-4 6.5h-4l6 -9z",
    "parallelGateway": "M-2 -11h4v9h9v4h-9v9h-4v-9h-9v-4h9z",
    "inclusiveGateway": "M0 -10a10 10 0 1 0 .01 0zM0 -7a7 7 0 1 1 -.01 0z",
    "complexGateway": "M-1.7 -12h3.4v7.8l5.6 -5.6l2.5 2.5l-5.6 5.6h7.8v3.4h-7.8l5.6 5.6l-2.5 2.5l-5.6 -5.6v7.8h-3.4"
    "v-7.8l-5.6 5.6l-2.5 -2.5l5.6 -5.6h-7.8v-3.4h7.8l-5.6 -5.6l2.5 -2.5l5.6 5.6z",
    "eventBasedGateway": "M0 -13a13 13 0 1 0 .01 0zM0 -10a10 10 0 1 0 .01 0zM0 -6l6 4.5l-2.3 7h-7.4l-2.3 -7z",
}
TASKS = {  # within 8 units, drawn in the upper left corner
    "userTask": "M0 -7a3.5 3.5 0 1 0 .01 0zM-7 7c0 -9 14 -9 14 0z",
    "manualTask": "M-6 -1h6l3 -3v3h4v5l-3 3h-7l-3 -3z",
    "serviceTask": "M0 -7l1.5 2.6l3 -.4l-.4 3l2.6 1.8l-2.6 1.5l.4 3l-3 -.4l-1.5 2.6l-1.5 -2.6l-3 .4l.4 -3l-2.6 -1.5"
    "l2.6 -1.8l-.4 -3l3 .4zM0 -2a2 2 0 1 0 .01 0z",
    "scriptTask": "M-4 -7h9c-4 4 2 9 -1 14h-9c4 -5 -2 -9 1 -14zM-2 -3h5M-2 0h5M-2 3h5",
    "businessRuleTask": "M-7 -5h14v10h-14zM-7 -2h14M-2 -2v7",
    "sendTask": "M-7 -5h14v10h-14zM-7 -5l7 5.5l7 -5.5",
    "receiveTask": "M-7 -5h14v10h-14zM-7 -5l7 5.5l7 -5.5",
}
MARKERS = {  # at the lower edge of an activity
    "parallel": "M-4 -6v12M0 -6v12M4 -6v12",
    "sequential": "M-6 -4h12M-6 0h12M-6 4h12",
    "loop": "M-2 6a6 6 0 1 1 4 0M-2 6l-1 -4M-2 6l-4 -.5",
    "collapsed": "M-6 -6h12v12h-12zM0 -4v8M-4 0h8",
    "compensation": "M-1 -5v10l-6 -5zM6 -5v10l-6 -5z",
    "adHoc": "M-6 2c2 -5 4 -5 6 -2s4 3 6 -2",
}
