// The calculation before a further try: a worker does it while the person types, and a form that is sent too early waits for it.
"use strict";

const effort = document.querySelector("[data-effort]");
if (effort) {
  const said = effort.querySelector("[data-said]");
  const bar = effort.querySelector("progress");
  const waiting = new Set();
  let solved = false;
  let given = false;

  const say = (how) => { said.textContent = effort.dataset[how]; effort.classList.add(`effort-${how}`); };
  const fail = () => { given = true; bar.hidden = true; say("failed"); for (const form of waiting) form.requestSubmit(); };

  // Before every other listener: none of them may take the form for sent.
  document.addEventListener("submit", (event) => {
    if (solved || given || !event.target.elements.effort) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting.add(event.target);
  }, true);

  effort.hidden = false;
  document.querySelector("[data-without-effort]").hidden = true;
  try {
    const worker = new Worker(effort.dataset.worker);
    worker.addEventListener("error", fail);
    worker.addEventListener("message", ({ data }) => {
      bar.value = data.tried;
      if (data.number === undefined) return;
      worker.terminate();
      if (data.number === null) return fail();
      const { challenge, salt, signature } = effort.dataset;
      const solution = btoa(JSON.stringify({ algorithm: "SHA-256", challenge, number: data.number, salt, signature }));
      for (const input of document.querySelectorAll("input[name=effort]")) input.value = solution;
      solved = true;
      bar.hidden = true;
      say("done");
      for (const form of waiting) form.requestSubmit();
    });
    worker.postMessage({ challenge: effort.dataset.challenge, salt: effort.dataset.salt, most: Number(effort.dataset.most) });
  } catch {
    fail();
  }
}
