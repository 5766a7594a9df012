// Passkeys: asks the browser's authenticator, where there is one. Without this, codes do the same.

const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
};
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Posts JSON with the token of the page's forms; throws for anything but a good answer. */
async function post(path, csrf, values) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(values),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

const described = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function make(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    },
  });
  return {
    id: made.id, rawId: text(made.rawId), type: made.type,
    response: {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
    },
  };
}

async function show(options) {
  const shown = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: described(options.allowCredentials),
    },
  });
  const { response } = shown;
  return {
    id: shown.id, rawId: text(shown.rawId), type: shown.type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
  };
}

const ACTS = {
  /** Enters, alone or after the password. */
  async door({ passkeys, csrf, next }) {
    const asked = await post("/sign-in/passkey/challenge", csrf, { use: passkeys });
    const credential = await show(asked.options);
    const { go } = await post("/sign-in/passkey", csrf, {
      use: passkeys, ticket: asked.ticket, credential, next,
    });
    location.assign(go);
  },
  /** Confirms, and sends the form that waits for it. */
  async confirm({ csrf, form }) {
    const asked = await post("/account/passkeys/challenge", csrf, { use: "confirm" });
    const credential = await show(asked.options);
    const { csrf: fresh } = await post("/account/passkeys/confirm", csrf, {
      ticket: asked.ticket, credential,
    });
    const waiting = document.getElementById(form);
    waiting.elements.csrf.value = fresh;
    HTMLFormElement.prototype.submit.call(waiting);
  },
  /** Adds one. */
  async register({ csrf }, box) {
    const asked = await post("/account/passkeys/challenge", csrf, { use: "register" });
    const credential = await make(asked.options);
    const name = box.querySelector("input")?.value ?? "";
    const { go } = await post("/account/passkeys", csrf, { ticket: asked.ticket, credential, name });
    location.assign(go);
  },
};
ACTS.enter = ACTS.door;
ACTS.second = ACTS.door;

if (window.PublicKeyCredential) {
  for (const box of document.querySelectorAll("[data-passkeys]")) {
    box.hidden = false;
    const button = box.querySelector("button");
    const status = box.querySelector("[role=status]");
    button.addEventListener("click", async () => {
      button.disabled = true;
      status.textContent = "";
      try {
        await ACTS[box.dataset.passkeys](box.dataset, box);
      } catch {
        status.textContent = status.dataset.failed;
        button.disabled = false;
      }
    });
  }
} else {
  for (const note of document.querySelectorAll("[data-no-passkeys]")) note.hidden = false;
}
