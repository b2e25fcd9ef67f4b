// The checklist of needed documents: a file that is dropped on a line, or chosen there, is filed as what the line asks for.
export function wireNeeds(box) {
  const kind = box?.querySelector("[data-upload] [name=type]");
  const files = box?.querySelector("[data-upload] input[type=file]");
  if (!kind || !files) return;
  const mark = (need) => {
    box.querySelectorAll("[data-need].is-over").forEach((each) => each !== need && each.classList.remove("is-over"));
    need?.classList.add("is-over");
  };
  document.addEventListener("dragover", ({ target }) => mark(target.closest?.("[data-need].is-missing")));
  // before the page takes the files, whose kind it then reads
  document.addEventListener("drop", ({ target }) => ask(target.closest?.("[data-need]")), { capture: true });
  box.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-choose]")) return;
    ask(target.closest("[data-need]"));
    files.click();
  });

  function ask(need) {
    if (need) kind.value = need.dataset.need;
    mark(null);
  }
}
