// The frame around each page: navigation on small screens, theme, time zone, menus, copy buttons.
import { toast } from "./toasts.js";

const YEAR = 31536000; // seconds
const root = document.documentElement;

function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${encodeURIComponent(value)}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
}

function remembered(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found && decodeURIComponent(found.slice(name.length + 1));
}

// the server writes dates in this zone and paints in this theme from the next page on
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && remembered("zone") !== zone) remember("zone", zone);

const dark = matchMedia("(prefers-color-scheme: dark)");
if (!remembered("theme")) root.dataset.bsTheme = dark.matches ? "dark" : "light";

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-theme-switch]")) switchTheme();
  const copier = target.closest("[data-copy]");
  if (copier) copy(copier.dataset.copy);
});

function switchTheme() {
  const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
  root.dataset.bsTheme = theme;
  remember("theme", theme);
  document.dispatchEvent(new CustomEvent("theme"));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.", { kind: "success" });
  } catch {
    toast("The browser did not allow copying; select the text instead.", { kind: "warning" });
  }
}

// a narrow screen may not show the tab that one is on
document.querySelector(".tab[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// navigation drawer on small screens
const drawer = document.querySelector("#navigation");

// a low screen may not show the entry of the page that one is on; only the list moves, never the page
const here = drawer?.querySelector("[aria-current]");
if (here && here.offsetTop + here.offsetHeight > drawer.clientHeight) {
  drawer.scrollTop = here.offsetTop - drawer.clientHeight / 2;
}
const opener = document.querySelector("[data-drawer-open]");

function setDrawer(open) {
  drawer?.classList.toggle("is-open", open);
  opener?.setAttribute("aria-expanded", String(open));
  document.body.classList.toggle("has-drawer", open);
  if (open) drawer.querySelector("a")?.focus();
  else opener?.focus();
}

opener?.addEventListener("click", () => setDrawer(true));
document.querySelectorAll("[data-drawer-close]").forEach((part) => {
  part.addEventListener("click", () => setDrawer(false));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drawer?.classList.contains("is-open")) setDrawer(false);
  if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
    const field = document.querySelector("[data-search]:not(#find)") ?? document.querySelector("#find");
    if (field) {
      event.preventDefault();
      field.focus();
    }
  }
});

// a menu closes when something else is clicked or Escape is pressed
document.addEventListener("click", ({ target }) => closeMenus(target));
document.addEventListener("keydown", ({ key }) => key === "Escape" && closeMenus(null));

function closeMenus(target) {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!target || !menu.contains(target)) menu.removeAttribute("open");
  });
}

// a box above a list ticks every box of one name below it
document.addEventListener("change", ({ target }) => {
  const name = target.dataset?.checkAll;
  if (!name) return;
  target.form.querySelectorAll(`input[name="${name}"]`).forEach((box) => {
    box.checked = target.checked;
  });
});
