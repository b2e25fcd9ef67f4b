// One PDF with pages, zoom, search and selectable text, by pdf.js; scripts inside files never run.
import * as pdfjs from "pdfjs-dist";
import {
  EventBus,
  LinkTarget,
  PDFFindController,
  PDFLinkService,
  PDFViewer,
} from "pdfjs-dist/web/pdf_viewer.mjs";
import worker from "pdfjs-dist/build/pdf.worker.min.mjs?url";

import "pdfjs-dist/web/pdf_viewer.css";
import "./pdf.css";

const FILES = `pdfjs-${pdfjs.version}/`;
const STEP = 1.2; // of one press on zoom
const LEAST = 0.25;
const MOST = 5;
const PIXELS = 40_000_000; // of one picture inside a file

pdfjs.GlobalWorkerOptions.workerSrc = worker;

/** Draws into an element with data-pdf; gives back what takes it down. */
export function showPdf(element) {
  const find = (name) => element.querySelector(`[data-${name}]`);
  const bus = new EventBus();
  const links = new PDFLinkService({ eventBus: bus, externalLinkTarget: LinkTarget.BLANK });
  const finder = new PDFFindController({ eventBus: bus, linkService: links });
  const viewer = new PDFViewer({
    container: find("scroll"),
    viewer: find("scroll").firstElementChild,
    eventBus: bus,
    linkService: links,
    findController: finder,
    annotationMode: pdfjs.AnnotationMode.ENABLE,
    removePageBorders: true,
  });
  links.setViewer(viewer);
  const size = wireZoom(viewer, bus, find);
  wirePages(viewer, bus, find);
  wireSearch(bus, find);
  const task = opened(element.dataset.pdf);
  task.promise.then(
    (file) => {
      viewer.setDocument(file);
      links.setDocument(file, null);
      finder.setDocument(file);
      find("count").textContent = `/ ${file.numPages}`;
      find("page").max = file.numPages;
    },
    (error) => refuse(element, error),
  );
  return () => {
    size.disconnect();
    task.destroy();
  };
}

function opened(url) {
  const files = new URL(FILES, import.meta.url).href;
  return pdfjs.getDocument({
    url,
    withCredentials: true,
    disableRange: true, // each request for a piece would be one more reading in the trail
    useWasm: false, // the content security policy allows none
    cMapUrl: `${files}cmaps/`,
    standardFontDataUrl: `${files}standard_fonts/`,
    wasmUrl: `${files}wasm/`,
    maxImageSize: PIXELS,
    enableXfa: false,
  });
}

function wirePages(viewer, bus, find) {
  const page = find("page");
  const go = (number) => {
    viewer.currentPageNumber = Math.min(Math.max(number || 1, 1), viewer.pagesCount || 1);
  };
  find("before").addEventListener("click", () => go(viewer.currentPageNumber - 1));
  find("after").addEventListener("click", () => go(viewer.currentPageNumber + 1));
  page.addEventListener("change", () => go(Number(page.value)));
  bus.on("pagechanging", ({ pageNumber }) => {
    page.value = pageNumber;
    find("before").disabled = pageNumber <= 1;
    find("after").disabled = pageNumber >= viewer.pagesCount;
  });
  bus.on("pagesinit", () => {
    find("before").disabled = true;
    find("after").disabled = viewer.pagesCount <= 1;
  });
}

function wireZoom(viewer, bus, find) {
  let fits = true;
  const fit = () => {
    fits = true;
    viewer.currentScaleValue = "page-width";
  };
  const zoom = (factor) => {
    fits = false;
    viewer.currentScale = Math.min(Math.max(viewer.currentScale * factor, LEAST), MOST);
  };
  find("larger").addEventListener("click", () => zoom(STEP));
  find("smaller").addEventListener("click", () => zoom(1 / STEP));
  find("fit").addEventListener("click", fit);
  bus.on("pagesinit", fit);
  const size = new ResizeObserver(() => fits && viewer.pagesCount && fit());
  size.observe(find("scroll"));
  return size;
}

function wireSearch(bus, find) {
  const field = find("search");
  const told = find("matches");
  let last = "";
  const search = (findPrevious) => {
    const query = field.value.trim();
    const type = query === last && query ? "again" : "";
    last = query;
    bus.dispatch("find", { source: window, type, query, caseSensitive: false, highlightAll: true, findPrevious });
    if (!query) told.textContent = "";
  };
  field.closest("form").addEventListener("submit", (event) => {
    event.preventDefault();
    search(false);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey) return;
    event.preventDefault();
    search(true);
  });
  field.addEventListener("search", () => field.value || search(false));
  const count = ({ matchesCount: { current, total } }) => {
    if (field.value.trim()) told.textContent = total ? `${current} of ${total}` : "not found";
  };
  bus.on("updatefindmatchescount", count);
  bus.on("updatefindcontrolstate", count);
}

function refuse(element, error) {
  if (error?.name === "AbortException" || !element.isConnected) return;
  const told = {
    PasswordException: "This PDF is protected by a password. Download it to open it.",
    InvalidPDFException: "This PDF is damaged and cannot be shown. Download it to look at it with another program.",
  };
  const message = document.createElement("p");
  message.className = "nothing-small";
  message.textContent = told[error?.name] ?? "The document could not be loaded. Reload the page, or download it.";
  element.replaceChildren(message);
}
