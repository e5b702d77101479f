// A long list of organisations answers while somebody types. Without this, the form's button does the same.
"use strict";

const form = document.querySelector("[data-chooser]");
const field = form.querySelector("input[name=search]");
let waiting, latest = 0;

async function look() {
  const mine = ++latest;
  const address = `${form.action}?${new URLSearchParams({ search: field.value })}`;
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok || mine !== latest) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.getElementById("choices");
  if (found && mine === latest) document.getElementById("choices").replaceWith(document.adoptNode(found));
}

field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 150);
});
