// The calendar: what the server tells of a span is shown, moved by dragging, and put back where that is refused.
import "../base/index.js";
import "../parts/calendar.css";

import { Calendar } from "@fullcalendar/core";
import dayGrid from "@fullcalendar/daygrid";
import interaction from "@fullcalendar/interaction";
import list from "@fullcalendar/list";
import timeGrid from "@fullcalendar/timegrid";

import { send, tell } from "../base/requests.js";

const PHONE = 700; // pixels up to which a list is what one can read
const DAY = 86400000; // milliseconds
const place = document.querySelector("#calendar");
const filter = document.querySelector("#calendar-filter");
const dialog = document.querySelector("#move");
const asked = new URLSearchParams(location.search);
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

for (const [name, value] of asked) {
  const field = filter.elements[name];
  if (field) field.value = value;
}

async function events(span, done, failed) {
  const wanted = new URLSearchParams(new FormData(filter));
  wanted.set("start", span.startStr);
  wanted.set("end", span.endStr);
  try {
    done(await send("GET", `${place.dataset.events}?${wanted}`));
  } catch (problem) {
    tell(problem);
    failed(problem);
  }
}

/** Asks why; null when it is to stay where it was. */
function reason(event) {
  dialog.querySelector("#move-text").textContent = `${event.title}: ${moment.format(event.start)}`;
  dialog.querySelector("#move-remark").value = "";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        const [why, remark] = ["#move-reason", "#move-remark"].map((each) => dialog.querySelector(each).value);
        resolve(dialog.returnValue === "yes" ? { reason: why, remark: remark || null } : null);
      },
      { once: true },
    );
  });
}

async function kept(change, request) {
  try {
    await request();
    calendar.refetchEvents();
  } catch (problem) {
    change.revert();
    tell(problem);
  }
}

async function postpone(change) {
  const { event } = change;
  const why = event.allDay ? null : await reason(event);
  if (!why) {
    change.revert();
    return;
  }
  const body = { ...why, planned_from: event.start.toISOString(), planned_to: event.end?.toISOString() ?? null };
  await kept(change, () => send("POST", `/api/v1/activities/${event.id}/postpone`, body));
}

async function stretch(change) {
  const { event } = change;
  const body = { version: event.extendedProps.version, planned_to: event.end.toISOString() };
  await kept(change, () => send("PATCH", `/api/v1/activities/${event.id}`, body));
}

function remember({ view, startStr }) {
  const here = new URLSearchParams(new FormData(filter));
  for (const [name, value] of [...here]) if (!value) here.delete(name);
  if (view.type !== "period") here.set("view", view.type);
  here.set("date", startStr.slice(0, 10));
  history.replaceState(null, "", `?${here}`);
}

function plan({ dateStr, allDay }) {
  if (!place.dataset.new) return;
  const at = allDay ? `${dateStr}T${place.dataset.opens}` : dateStr.slice(0, 16);
  location.assign(`${place.dataset.new}?${new URLSearchParams({ at, status: "planned", minutes: "60" })}`);
}

const calendar = new Calendar(place, {
  plugins: [dayGrid, timeGrid, list, interaction],
  initialView: asked.get("view") ?? (innerWidth < PHONE ? "listWeek" : "timeGridWeek"),
  initialDate: asked.get("date") ?? undefined,
  headerToolbar: { left: "prev,next today", center: "title", right: "dayGridMonth,timeGridWeek,timeGridDay,listWeek" },
  buttonText: { today: "Today", month: "Month", week: "Week", day: "Day", list: "Plan" },
  buttonHints: { prev: "Previous $0", next: "Next $0" },
  views: {
    timeGrid: { displayEventEnd: false }, // the box shows it
    period: { type: "list", visibleRange: () => period(), buttonText: "Period" },
  },
  firstDay: 1,
  height: "auto",
  locale: "en-gb",
  nowIndicator: true,
  navLinks: true,
  dayMaxEvents: 4,
  moreLinkDidMount: ({ el }) => el.setAttribute("role", "button"), // it says whether it is open
  eventMaxStack: 4,
  slotMinTime: "06:00:00",
  slotMaxTime: "21:00:00",
  businessHours: { daysOfWeek: [1, 2, 3, 4, 5], startTime: place.dataset.opens, endTime: place.dataset.closes },
  eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
  slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
  noEventsText: "Nothing in this time",
  defaultTimedEventDuration: "00:30",
  forceEventDuration: true,
  events,
  eventDrop: postpone,
  eventResize: stretch,
  dateClick: plan,
  datesSet: remember,
});

function period() {
  const [first, last] = ["#first", "#last"].map((each) => document.querySelector(each).value);
  const end = new Date(new Date(last || first).getTime() + DAY); // the day named last is shown, too
  return { start: first, end: end.toISOString().slice(0, 10) };
}

filter.addEventListener("change", ({ target }) => {
  const span = ["#first", "#last"].map((each) => document.querySelector(each).value);
  if (["first", "last"].includes(target.id)) {
    if (span[0] && span[1] && span[0] <= span[1]) calendar.changeView("period", period());
    return;
  }
  calendar.refetchEvents();
  remember({ view: calendar.view, startStr: calendar.view.activeStart.toISOString() });
});

calendar.render();

for (const each of place.querySelectorAll(".fc-icon")) {
  each.removeAttribute("role"); // a picture without a name; its button has one
  each.setAttribute("aria-hidden", "true");
}
