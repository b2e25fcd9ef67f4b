// Plays the scenarios on the server: what came of them is listed, and where they have been is painted on the diagram.
import { send, tell } from "../../base/requests.js";

export function wirePlaying(desk, { project, name }, editor, saving) {
  const button = desk.querySelector("[data-play]");
  button?.addEventListener("click", async () => {
    button.disabled = true;
    say(desk, "The scenarios are being played …", []);
    try {
      await saving.settled();
      const played = await send("POST", `/api/v1/studio/projects/${project}/play`);
      show(desk, played);
      const here = played.coverage.filter(({ file }) => file === name);
      editor.paint?.(here.flatMap(({ visited }) => visited), here.flatMap(({ missed }) => missed));
    } catch (problem) {
      desk.querySelector("[data-played]").hidden = true;
      tell(problem);
    } finally {
      button.disabled = false;
    }
  });
}

function show(desk, { results, refused, coverage }) {
  const failed = results.filter(({ ok }) => !ok).length;
  const used = coverage.map(({ process, percent }) => `${percent} % of ${process}`).join(", ");
  const lines = [
    ...refused.map((sentence) => line("refused", "mark-late", sentence)),
    ...results.map(({ name, ok, failures }) =>
      ok ? line("passed", "mark-good", name) : line("failed", "mark-late", `${name}: ${failures.join(" ")}`),
    ),
  ];
  say(desk, `${results.length - failed} passed, ${failed} failed${used ? `; they came to ${used}` : ""}`, lines);
}

function say(desk, text, lines) {
  desk.querySelector("[data-played]").hidden = false;
  desk.querySelector("[data-played-count]").textContent = text;
  desk.querySelector("[data-played-list]").replaceChildren(...lines);
}

function line(word, kind, text) {
  const item = document.createElement("li");
  const mark = document.createElement("span");
  mark.className = `mark ${kind}`;
  mark.textContent = word;
  item.append(mark, " ", text);
  return item;
}
