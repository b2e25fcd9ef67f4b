// The offer editor: lines come and go, totals follow; the server computes what counts.
import "../base/index.js";

import { TypeAhead } from "../parts/type-ahead.js";

const table = document.querySelector("#lines");
const template = document.querySelector("#line-template");
const format = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const DIGITS = 4; // decimals that quantities, prices and rates may have

/** What a field says in ten-thousandths, exactly; text that is no number counts as nothing. */
function parts(row, name) {
  const text = (row.querySelector(`[name="${name}"]`)?.value ?? "").replace(/\s/g, "").replace(",", ".");
  const [, sign, whole, fraction = ""] = text.match(/^(-?)(\d*)\.?(\d*)$/) ?? ["", "", "0"];
  return BigInt(`${sign}${whole || "0"}${fraction.slice(0, DIGITS).padEnd(DIGITS, "0")}`);
}

/** Rounds half up from 10^-digits to cents. */
function cents(amount, digits) {
  const unit = 10n ** BigInt(digits - 2);
  return Number((amount + unit / 2n) / unit);
}

// as the server does: add up exactly, round once per VAT rate
function addUp() {
  const rates = new Map();
  for (const row of table.querySelectorAll("tr[data-line]")) {
    const worth = parts(row, "quantity") * parts(row, "unit_price") * (1000000n - parts(row, "discount"));
    const rate = parts(row, "vat_rate");
    rates.set(rate, (rates.get(rate) ?? 0n) + worth);
    row.querySelector("[data-net]").textContent = format.format(cents(worth, 14) / 100);
  }
  let net = 0;
  let vat = 0;
  for (const [rate, worth] of rates) {
    net += cents(worth, 14);
    vat += cents(worth * rate, 20);
  }
  show("net", net / 100);
  show("vat", vat / 100);
  show("gross", (net + vat) / 100);
}

function show(name, value) {
  const place = document.querySelector(`[data-total="${name}"]`);
  if (place) place.textContent = format.format(value);
}

function takeProduct(field, { dataset }) {
  const row = field.closest("tr");
  const write = (name, value) => (row.querySelector(`[name="${name}"]`).value = value);
  write("product_id", dataset.id);
  write("unit_price", dataset.price);
  write("vat_rate", dataset.vat);
  addUp();
  row.querySelector('[name="quantity"]').focus();
}

if (table && template) {
  document.querySelector("#add-line").addEventListener("click", () => {
    table.append(template.content.cloneNode(true));
    table.lastElementChild.querySelector("[data-choose]").focus();
    addUp();
  });
  table.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-remove]")) return;
    target.closest("tr").remove();
    addUp();
  });
  const [list, status] = ["#product-choices", "#product-status"].map((id) => document.querySelector(id));
  new TypeAhead(list, status, takeProduct).wire(table);
  table.addEventListener("input", addUp);
  table.addEventListener("change", addUp);
  addUp();
}
