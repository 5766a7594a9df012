// Keeps the figures of a page fresh. Without it, reloading the page does the same.

/** Makes `old` equal to `fresh`, touching only what differs, so that focus and selection stay. */
function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh.cloneNode(true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  children(old, fresh);
}

function children(old, fresh) {
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, index) => {
    if (index < before.length) morph(before[index], node);
    else old.append(node.cloneNode(true));
  });
  before.slice(after.length).forEach((node) => node.remove());
}

/** Shows what can be done in the campaign's present status, and nothing else. */
function levers(live) {
  const state = live.querySelector("[data-status]");
  if (!state) return;
  for (const one of document.querySelectorAll("[data-when]")) {
    one.hidden = !one.dataset.when.split(" ").includes(state.dataset.status);
  }
}

function watch(live) {
  const source = new EventSource(live.dataset.events);
  const stale = document.getElementById("stale");
  source.addEventListener("live", (event) => {
    if (stale) stale.hidden = true;
    const template = document.createElement("template");
    template.innerHTML = event.data;
    children(live, template.content);
    levers(live);
  });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;
    // Too many watch, or we have to sign in again: the browser gives up, and we try later.
    if (stale) stale.hidden = false;
    setTimeout(() => watch(live), 30000);
  });
  // A page that nobody sees keeps no connection.
  window.addEventListener("pagehide", () => source.close());
}

const live = document.getElementById("live");
if (live && "EventSource" in window) watch(live);
// What was done is said once; whoever loads the page again is not told again.
if (location.search.includes("done=")) history.replaceState(null, "", location.pathname);
