// Shows the alerts that come to this browser, tells that one was shown, and opens its page.
// It answers no requests and keeps nothing: pages are as if it were not there.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.link));
});

function read(data) {
  try {
    return data ? data.json() : {};
  } catch {
    return {};
  }
}

function within(text) {
  try {
    const url = new URL(text, self.location.origin);
    return url.protocol === "https:" || url.origin === self.location.origin ? url.href : "";
  } catch {
    return "";
  }
}

async function show(data) {
  const told = read(data);
  const link = within(told.link || "/advisories");
  // A browser takes it amiss when nothing is shown.
  await self.registration.showNotification(told.title || self.location.host, {
    body: told.body || "",
    lang: told.lang || "",
    dir: told.dir === "rtl" ? "rtl" : "ltr",
    tag: told.tag || "",
    renotify: Boolean(told.tag),
    icon: "/assets/alert.png",
    badge: "/assets/alert.png",
    data: { link: link || self.location.origin + "/advisories" },
  });
  const confirm = within(told.confirm || "");
  if (told.confirm && confirm.startsWith(self.location.origin + "/confirm/")) {
    // What is not told now is asked for by nobody: the next alert is not kept up by it.
    await fetch(confirm, { method: "POST", credentials: "omit" }).catch(() => undefined);
  }
}

async function open(link) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = pages.find((one) => one.url === link);
  return there ? there.focus() : self.clients.openWindow(link);
}
