// Looks for the number whose SHA-256 behind the salt is the challenge. Says now and then how far it is.
"use strict";

addEventListener("message", async ({ data }) => {
  const wanted = Uint8Array.from(data.challenge.match(/../g), (pair) => parseInt(pair, 16));
  const encoder = new TextEncoder();
  const fits = (digest) => wanted.every((octet, at) => octet === digest[at]);
  const batch = 500;
  for (let first = 0; first <= data.most; first += batch) {
    const numbers = Array.from({ length: Math.min(batch, data.most - first + 1) }, (_, index) => first + index);
    const digests = await Promise.all(numbers.map((number) => crypto.subtle.digest("SHA-256", encoder.encode(`${data.salt}${number}`))));
    const found = digests.findIndex((digest) => fits(new Uint8Array(digest)));
    if (found >= 0) return postMessage({ tried: data.most, number: first + found });
    postMessage({ tried: first + batch });
  }
  postMessage({ tried: data.most, number: null });
});
