// Makes composing livelier: counts and previews follow what one types, a forecast appears when it is
// made. Without it, buttons and reloading do the same.

const PAUSE = 400;
const POLL = 1000;

/** Calls `act` when nothing was typed for a moment. */
function afterwards(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, PAUSE);
  };
}

// Whom an audience means.
const section = document.querySelector("[data-count]");
if (section) {
  const form = section.closest("form");
  const told = document.getElementById("told");
  let latest = 0;
  const count = async () => {
    const mine = ++latest;
    const fields = new URLSearchParams(new FormData(form));
    if (!fields.get("segment") && !fields.get("expression")) return;
    const answer = await fetch(section.dataset.count, { method: "POST", body: fields, redirect: "error" });
    const html = await answer.text();
    // An answer to what stood there before is of no use.
    if (answer.ok && mine === latest) told.innerHTML = html;
  };
  const soon = afterwards(() => count().catch(() => {}));
  section.addEventListener("input", soon);
  section.addEventListener("change", soon);
  for (const [id, way] of [["f-expression", "how-own"], ["f-segment", "how-saved"]]) {
    document.getElementById(id)?.addEventListener("input", () => {
      document.getElementById(way).checked = true;
    });
  }
  // What was chosen before this was loaded, or is put back by the browser, is counted too.
  if (!told.textContent.trim()) soon();
}

// The messages beside their wording.
const wording = document.querySelector("form[data-preview]");
if (wording) {
  const button = document.getElementById(wording.dataset.preview);
  const preview = button.formAction;
  // The preview shows the message of the field that one is in.
  const turn = (event) => {
    if (event.target.matches("textarea")) button.formAction = `${preview}#shown-${event.target.name.split("/")[0]}`;
  };
  wording.addEventListener("focusin", turn);
  wording.addEventListener("input", afterwards(() => wording.requestSubmit(button)));
  // Words that can be inserted are buttons that write them where one was typing.
  for (const entry of wording.querySelectorAll("[data-insert]")) {
    const word = entry.querySelector(".word");
    const press = document.createElement("button");
    press.type = "button";
    press.className = "word";
    press.textContent = word.textContent;
    press.addEventListener("click", () => {
      const field = document.getElementById(entry.dataset.into);
      field.setRangeText(entry.dataset.insert, field.selectionStart, field.selectionEnd, "end");
      field.focus();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    word.replaceWith(press);
  }
}

// The forecast, until it is made; the form to confirm it comes with the whole page.
const forecast = document.querySelector("[data-poll]");
if (forecast?.querySelector("[data-running]")) {
  const poll = async () => {
    const answer = await fetch(forecast.dataset.poll, {
      redirect: "error",
      // By itself: nobody has done anything, so the session is not kept alive.
      headers: { "X-Watching": "yes" },
    }).catch(() => null);
    const html = answer?.ok ? await answer.text() : "";
    if (html && !html.includes("data-running")) {
      location.reload();
      return;
    }
    if (html) forecast.innerHTML = html;
    setTimeout(poll, POLL);
  };
  setTimeout(poll, POLL);
}

document.getElementById("refusal")?.focus();
