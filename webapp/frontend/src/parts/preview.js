// Shows a document in a dialog: PDF in the browser's own viewer, pictures as pictures.

export function wirePreviews(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-preview]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link);
  });
}

function show(link) {
  const dialog = document.querySelector("#preview");
  const stage = dialog.querySelector("[data-stage]");
  dialog.querySelector("[data-title]").textContent = link.dataset.title;
  dialog.querySelector("[data-download]").href = link.href;
  stage.replaceChildren(link.dataset.preview === "image" ? picture(link) : frame(link));
  dialog.addEventListener("close", () => stage.replaceChildren(), { once: true });
  dialog.showModal();
}

function picture(link) {
  const image = new Image();
  image.src = link.dataset.inline;
  image.alt = link.dataset.title;
  return image;
}

function frame(link) {
  const view = document.createElement("iframe");
  view.src = `${link.dataset.inline}#navpanes=0&view=FitH`; // the viewer of Chromium and Firefox understands these
  view.title = link.dataset.title;
  return view;
}
