// What a deployment would find, under the editor: a click shows the element.
export function showProblems(desk, { name, findings, files, project }) {
  const list = desk.querySelector("[data-problems]");
  const count = desk.querySelector("[data-count]");
  let editor = null;
  let last = [];

  function show(found) {
    last = found;
    const errors = found.filter(({ severity }) => severity === "error").length;
    const remarks = found.length - errors;
    count.textContent = found.length === 0 ? "Nothing is wrong" : told(errors, remarks);
    desk.querySelector("[data-wrong]").hidden = found.length === 0;
    desk.querySelector("[data-right]").hidden = found.length > 0;
    list.replaceChildren(...found.map((each) => line(each)));
    editor?.mark?.(found.filter(({ file }) => file === name));
  }

  function line(found) {
    const item = document.createElement("li");
    const isHere = found.file === name && found.element;
    const place = document.createElement(isHere || files.includes(found.file) ? (isHere ? "button" : "a") : "span");
    place.className = "problem-place";
    place.textContent = found.element ?? (found.file || "");
    if (place.localName === "button") {
      place.type = "button";
      place.addEventListener("click", () => editor?.select?.(found.element));
    } else if (place.localName === "a") {
      place.href = found.file === name ? "#" : `/studio/${project}?file=${encodeURIComponent(found.file)}`;
      place.textContent = found.file === name ? found.file : `${found.file}${found.element ? `: ${found.element}` : ""}`;
    }
    const mark = document.createElement("span");
    mark.className = `mark ${found.severity === "error" ? "mark-late" : "mark-soon"}`;
    mark.textContent = found.severity === "error" ? "error" : "remark";
    item.append(mark, " ", place, " ", found.sentence);
    return item;
  }

  show(findings);
  return {
    show,
    attach(opened) {
      editor = opened;
      show(last);
    },
  };
}

function told(errors, remarks) {
  const parts = [];
  if (errors) parts.push(errors === 1 ? "1 error" : `${errors} errors`);
  if (remarks) parts.push(remarks === 1 ? "1 remark" : `${remarks} remarks`);
  return `${parts.join(", ")}${errors ? ": it cannot be published" : ""}`;
}
