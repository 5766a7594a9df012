// Keeps the figures of a campaign's page fresh. Without it, reloading the page does the same.

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

const live = document.getElementById("live");
if (live && "EventSource" in window) {
  const source = new EventSource(live.dataset.events);
  source.addEventListener("live", (event) => {
    const template = document.createElement("template");
    template.innerHTML = event.data;
    children(live, template.content);
  });
  // A page that nobody sees keeps no connection.
  window.addEventListener("pagehide", () => source.close());
}
