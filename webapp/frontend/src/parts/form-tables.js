// Tables of a form: columns of numbers stand right, and each cell knows its column's title for narrow screens.

const NUMBER = /^[-\d\s.,]*\d[\d\s.,]*(\p{L}{1,5}\.?|%)?$/u; // with a unit: 6 h, 1 250.00 PLN, 12.5 %
const DAY = /^\d{4}-\d{2}-\d{2}/;

/** Keeps the tables tidy while form-js draws their rows, sorts them and turns their pages. */
export function tidyTables(container) {
  const tidy = () => container.querySelectorAll(".fjs-table").forEach(tidyTable);
  new MutationObserver(tidy).observe(container, { childList: true, characterData: true, subtree: true });
  tidy();
}

function tidyTable(table) {
  const titles = [...table.querySelectorAll(".fjs-table-th")];
  const rows = [...table.querySelectorAll(".fjs-table-body .fjs-table-tr")].map((row) => [...row.children]);
  titles.forEach((title, at) => {
    const cells = rows.map((row) => row[at]).filter(Boolean);
    const isNumber = cells.length > 0 && cells.every(saysNumber);
    title.toggleAttribute("data-number", isNumber);
    for (const cell of cells) {
      cell.toggleAttribute("data-number", isNumber);
      cell.dataset.label = title.textContent.trim();
    }
  });
}

function saysNumber(cell) {
  const text = cell.textContent.trim();
  return text === "" || (NUMBER.test(text) && !DAY.test(text));
}
