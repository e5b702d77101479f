// Small comforts; every page works without them.
"use strict";

// Copy buttons appear only where they can work.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const label = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 1600);
  });
}

// A file may be dropped on the zone around its input.
for (const zone of document.querySelectorAll("[data-drop]")) {
  const input = zone.querySelector("input[type=file]");
  const mark = (over) => (event) => { event.preventDefault(); zone.classList.toggle("drop-over", over); };
  zone.addEventListener("dragover", mark(true));
  zone.addEventListener("dragleave", mark(false));
  zone.addEventListener("drop", (event) => {
    mark(false)(event);
    if (event.dataTransfer.files.length === 1) input.files = event.dataTransfer.files;
  });
}

// A second click on a slow answer does nothing; a page that comes back from history works again.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    const button = form.querySelector("[data-busy]");
    if (button && !button.dataset.rest) {
      button.dataset.rest = button.textContent;
      button.textContent = button.dataset.busy;
      button.classList.add("button-busy");
    }
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[data-rest]")) {
    button.textContent = button.dataset.rest;
    button.classList.remove("button-busy");
    delete button.dataset.rest;
  }
});
