// Passkeys: asks the hub for a challenge, lets the device answer, and sends the answer as an ordinary form.
"use strict";

const octets = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const base64url = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function challenge(form) {
  const token = form.elements.csrf.value;
  const effort = form.elements.effort;
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token, "X-Effort": effort ? effort.value : "" },
    body: "{}",
  });
  if (!answer.ok) throw Object.assign(new Error("refused"), { said: answer.status === 429 && !effort ? "slow" : "refused" });
  const options = await answer.json();
  options.challenge = octets(options.challenge);
  if (options.user) options.user.id = octets(options.user.id);
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    for (const each of options[list] || []) each.id = octets(each.id);
  }
  return options;
}

async function answered(form) {
  const options = await challenge(form);
  const made = form.dataset.passkey === "make"
    ? await navigator.credentials.create({ publicKey: options })
    : await navigator.credentials.get({ publicKey: options });
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = base64url(made.response[name]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  return { id: made.id, rawId: base64url(made.rawId), type: made.type, response };
}

function complain(form, how) {
  const problem = form.querySelector("[data-passkey-problem]");
  problem.textContent = problem.dataset[how];
  problem.hidden = false;
}

if (window.PublicKeyCredential && navigator.credentials) {
  for (const part of document.querySelectorAll("[data-with-passkey]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-without-passkey]")) part.hidden = true;
  // Without passkeys the other way is all there is, and it stays open.
  for (const part of document.querySelectorAll("[data-folded]:not([data-open])")) part.open = false;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    let busy = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      form.querySelector("[data-passkey-problem]").hidden = true;
      try {
        form.elements.credential.value = JSON.stringify(await answered(form));
        form.submit();
      } catch (error) {
        complain(form, error.said || "cancelled");
        busy = false;
        delete form.dataset.sent;
      }
    });
  }
}
