// Alerts on this device: switches a browser's subscription on and off. What is said stands in the
// page, in its language; here is only when.
const box = document.getElementById("push");
const begin = document.getElementById("push-begin");
const end = document.getElementById("push-end");
const form = document.getElementById("push-form");

function say(name, told) {
  for (const one of box.querySelectorAll("[data-said]")) one.hidden = one.dataset.said !== name;
  begin.hidden = told !== false;
  end.hidden = told !== true;
  for (const one of [begin, end]) one.disabled = name === "wait";
}

function octets(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function ask(method, what) {
  return fetch("/push/subscriptions", {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(what),
    signal: AbortSignal.timeout(15000),
  });
}

async function key() {
  const answer = await fetch("/push/key", { signal: AbortSignal.timeout(15000) });
  if (!answer.ok) throw new Error("down");
  return (await answer.json()).key;
}

async function present() {
  const worker = await navigator.serviceWorker.getRegistration("/");
  return worker ? worker.pushManager.getSubscription() : null;
}

function areas() {
  return form ? [...form.querySelectorAll("[name=area]:checked")].map((one) => one.value) : [];
}

async function on() {
  say("wait", false);
  if ((await Notification.requestPermission()) !== "granted") return say("denied", false);
  await navigator.serviceWorker.register("/push-worker.js", { scope: "/" });
  const worker = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: octets(await key()) };
  let own = await worker.pushManager.getSubscription();
  try {
    own = own || (await worker.pushManager.subscribe(options));
  } catch (fault) {
    if (fault.name === "NotAllowedError") return say("denied", false);
    throw fault;
  }
  const locale = form ? form.elements.locale.value : box.dataset.locale;
  const what = { subscription: own.toJSON(), locale, areas: areas() };
  const answer = await ask("POST", what);
  if (answer.ok) return say("on", true);
  await own.unsubscribe();
  return say(answer.status === 429 ? "often" : "down", false);
}

async function off() {
  say("wait", true);
  const own = await present();
  if (own) {
    const answer = await ask("DELETE", { subscription: own.toJSON() });
    if (!answer.ok) return say("down", true);
    await own.unsubscribe();
  }
  return say("off", false);
}

function guarded(act, told) {
  return () => act().catch(() => say("down", told));
}

const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
if (!able) {
  say("unable", null);
} else {
  begin.addEventListener("click", guarded(on, false));
  end.addEventListener("click", guarded(off, true));
  present().then(
    (own) => (own ? say("on", true) : say("", false)),
    () => say("down", null),
  );
}
