// Choosing a colleague writes @name where the cursor is in the comment; the list of comments is replaced now and then.
export function wireMentions(box) {
  box?.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-mention]") || !target.value) return;
    const text = target.form.querySelector("textarea");
    const before = text.value.slice(0, text.selectionStart);
    const name = `${before === "" || /\s$/.test(before) ? "" : " "}@${target.value} `;
    text.setRangeText(name, text.selectionStart, text.selectionEnd, "end");
    target.value = "";
    text.focus();
  });
}
