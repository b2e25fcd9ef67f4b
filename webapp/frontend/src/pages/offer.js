// The offer editor: lines come and go, totals follow; the server computes what counts.
import "../base/index.js";

const table = document.querySelector("#lines");
const template = document.querySelector("#line-template");
const format = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function numberOf(row, name) {
  return Number(row.querySelector(`[name="${name}"]`)?.value.replace(",", ".") || 0);
}

function addUp() {
  let net = 0;
  let vat = 0;
  for (const row of table.querySelectorAll("tr[data-line]")) {
    const worth = Math.round(numberOf(row, "quantity") * numberOf(row, "unit_price") * (100 - numberOf(row, "discount"))) / 100;
    net += worth;
    vat += (worth * numberOf(row, "vat_rate")) / 100;
    row.querySelector("[data-net]").textContent = format.format(worth);
  }
  show("net", net);
  show("vat", vat);
  show("gross", net + vat);
}

function show(name, value) {
  const place = document.querySelector(`[data-total="${name}"]`);
  if (place) place.textContent = format.format(value);
}

function takePrice(select) {
  const row = select.closest("tr");
  const { price, vat } = select.selectedOptions[0].dataset;
  if (price) row.querySelector('[name="unit_price"]').value = price;
  if (vat) row.querySelector('[name="vat_rate"]').value = vat;
}

if (table && template) {
  document.querySelector("#add-line").addEventListener("click", () => {
    table.append(template.content.cloneNode(true));
    table.lastElementChild.querySelector("select, input").focus();
    addUp();
  });
  table.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-remove]")) return;
    target.closest("tr").remove();
    addUp();
  });
  table.addEventListener("change", ({ target }) => target.matches("select") && takePrice(target));
  table.addEventListener("input", addUp);
  table.addEventListener("change", addUp);
  addUp();
}
