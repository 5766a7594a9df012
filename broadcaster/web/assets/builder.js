// Builds a segment by a form, in step with its text. Without it, the text alone does everything.

const form = document.getElementById("segment");
const text = document.getElementById("f-expression");
const root = document.getElementById("builder");
const offer = JSON.parse(document.getElementById("offer").textContent);
const told = document.getElementById("told");
const byName = new Map(offer.attributes.map((one) => [one.name, one]));
const words = offer.words;
const part = (name) => told.querySelector(`[data-part="${name}"]`);
/** How long to wait for more keys, milliseconds. */
const PAUSE = 350;

/** The tree that is shown, as the server writes it; a group on top. */
let tree = grouped(JSON.parse(document.getElementById("form").textContent));
let count = 0;

function grouped(node) {
  if (!node || node.is === "all") return { is: "and", parts: [] };
  return node.is === "and" || node.is === "or" ? node : { is: "and", parts: [node] };
}

/** Leaves out groups of nothing and groups of one; null when nothing is asked. */
function tidy(node) {
  if (node.is === "not") {
    const inner = tidy(node.part);
    return inner && { is: "not", part: inner };
  }
  if (node.is !== "and" && node.is !== "or") return node;
  const parts = node.parts.map(tidy).filter(Boolean);
  if (!parts.length) return null;
  return parts.length === 1 ? parts[0] : { is: node.is, parts };
}

// -- elements ------------------------------------------------------------------------------------

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") made.addEventListener(value[0], value[1]);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...inside);
  return made;
}

function choice(label, options, value, chosen) {
  const list = options.some(([one]) => one === value) ? options : [...options, [value, value]];
  return element(
    "select",
    { "aria-label": label, on: ["change", (event) => chosen(event.target.value)] },
    ...list.map(([one, said]) => element("option", { value: one, selected: one === value }, said)),
  );
}

function input(label, value, changed, more = {}) {
  const made = element("input", {
    "aria-label": label,
    value,
    dir: "auto",
    ...more,
    on: ["input", (event) => changed(event.target.value)],
  });
  return made;
}

function button(label, act, kind = "second") {
  return element("button", { type: "button", class: kind, on: ["click", act] }, label);
}

// -- nodes ---------------------------------------------------------------------------------------

/** Draws all anew; the focus stays where it was, counted over everything that can have it. */
function draw(last = false) {
  const reachable = () => [...root.querySelectorAll("select, input, textarea, button")];
  const at = reachable().indexOf(document.activeElement);
  root.replaceChildren(group(tree, (fresh) => replaceTree(fresh), null));
  const now = reachable();
  if (last) now.filter((one) => one.name === "what").at(-1)?.focus();
  else if (at >= 0) now[Math.min(at, now.length - 1)]?.focus();
}

function replaceTree(fresh) {
  tree = grouped(fresh);
  changed();
  draw();
}

/** `put` replaces the node in what it stands in; `remove` takes it out, null on top. */
function show(node, put, remove) {
  if (node.is === "not") return negated(node, put, remove);
  if (node.is === "and" || node.is === "or") return group(node, put, remove);
  return condition(node, put, remove, false);
}

function negated(node, put, remove) {
  const inner = node.part;
  if (inner.is === "and" || inner.is === "or") {
    return group(inner, (fresh) => put({ is: "not", part: fresh }), remove, put);
  }
  if (inner.is === "not") return group({ is: "and", parts: [inner] }, put, remove, put);
  return condition(inner, (fresh) => put({ is: "not", part: fresh }), remove, true, put);
}

function not(ticked, flip) {
  const id = `n-${++count}`;
  const box = element("input", {
    type: "checkbox",
    id,
    checked: ticked,
    on: ["change", flip],
  });
  return element("span", { class: "not" }, box, element("label", { for: id }, words.not));
}

function group(node, put, remove, outer) {
  const top = remove === null;
  const at = (index) => (fresh) => {
    node.parts[index] = fresh;
    changed();
    draw();
  };
  const out = (index) => () => {
    node.parts.splice(index, 1);
    changed();
    draw();
  };
  const bar = element("div", { class: "bar-of-group" });
  if (!top) {
    const flip = () => (outer ? outer(node) : put({ is: "not", part: node }));
    bar.append(not(Boolean(outer), flip));
  }
  bar.append(
    choice(words.group, [["and", words.and], ["or", words.or]], node.is, (value) => {
      node.is = value;
      changed();
    }),
  );
  if (!top) bar.append(button(words.remove, remove, "plain"));
  const add = (fresh) => () => {
    node.parts.push(fresh());
    changed();
    draw(true);
  };
  const body = element(
    "ul",
    {},
    ...node.parts.map((one, index) => element("li", {}, show(one, at(index), out(index)))),
  );
  const foot = element(
    "div",
    { class: "acts" },
    button(words.add, add(fresh)),
    button(words.add_group, add(() => ({ is: "or", parts: [fresh()] }))),
  );
  return element("div", { class: top ? "group outermost" : "group", role: "group", "aria-label": words.group }, bar, body, foot);
}

function fresh() {
  const first = offer.attributes.find((one) => one.choices.length) ?? offer.attributes[0];
  return asked(first.name, first.operators[0]);
}

/** Makes a condition that asks of an attribute in a way, with a first value. */
function asked(name, how, before) {
  const attribute = byName.get(name);
  const [is, word] = split(how);
  const values = valuesOf(before);
  const first = values[0] ?? firstValue(attribute);
  if (is === "present" || is === "missing") return { is, attribute: name };
  if (is === "area" || is === "near") return { ...other(is), attribute: name };
  if (is === "compare") return { is, attribute: name, operator: word, value: first };
  if (is === "text") return { is, attribute: name, place: word, text: String(first) };
  if (is === "has") return { is, attribute: name, value: first };
  const listed = values.length ? values : [first];
  return is === "has_of" ? { is, attribute: name, amount: word, values: listed } : { is, attribute: name, values: listed };
}

function split(how) {
  const at = how.indexOf(" ");
  return at < 0 ? [how, ""] : [how.slice(0, at), how.slice(at + 1)];
}

function valuesOf(node) {
  if (!node) return [];
  if (node.values) return node.values;
  const value = node.value ?? node.text;
  return value === undefined ? [] : [value];
}

function firstValue(attribute) {
  if (attribute.choices.length) return attribute.choices[0].name;
  if (attribute.kind === "boolean") return true;
  if (attribute.kind === "number") return "0";
  return attribute.kind === "date" ? { today: 0, unit: "day" } : "";
}

function other(is) {
  const first = (names) => names[0] ?? "";
  const rights = { class: Object.keys(offer.classes)[0], channel: Object.keys(offer.channels)[0] };
  return {
    all: () => ({ is }),
    area: () => ({ is, area: first(offer.areas) }),
    near: () => ({ is, metres: "500", latitude: "33.59", longitude: "-7.62" }),
    segment: () => ({ is, segment: first(offer.segments) }),
    campaign: () => ({ is, outcome: "received", campaign: first(offer.campaigns) }),
    may_receive: () => ({ is, ...rights }),
    opted_out: () => ({ is, ...rights }),
  }[is]();
}

function howOf(node) {
  if (node.is === "compare") return `compare ${node.operator}`;
  if (node.is === "text") return `text ${node.place}`;
  return node.is === "has_of" ? `has_of ${node.amount}` : node.is;
}

function condition(node, put, remove, ticked, outer) {
  const kinds = [
    [words.attributes, offer.attributes.map((one) => [`a ${one.name}`, one.label])],
    [words.others, Object.entries(offer.others).map(([is, said]) => [`o ${is}`, said])],
  ];
  const now = node.attribute ? `a ${node.attribute}` : `o ${node.is}`;
  if (node.attribute && !byName.has(node.attribute)) {
    // Retired since: it stays as it is, and can be replaced.
    kinds[0][1].push([now, node.attribute]);
  }
  const what = element(
    "select",
    {
      "aria-label": words.what,
      name: "what",
      on: ["change", (event) => {
        const [sort, name] = split(event.target.value);
        put(sort === "a" ? asked(name, byName.get(name).operators[0]) : other(name));
      }],
    },
    ...kinds.map(([label, options]) =>
      element("optgroup", { label }, ...options.map(([value, said]) =>
        element("option", { value, selected: value === now }, said)))),
  );
  const flip = () => (ticked ? outer(node) : put({ is: "not", part: node }));
  const row = element("div", { class: "condition", role: "group", "aria-label": words.condition }, not(ticked, flip), what);
  row.append(...(node.attribute ? attributeFields(node, put) : otherFields(node)));
  row.append(button(words.remove, remove, "plain"));
  return row;
}

function attributeFields(node, put) {
  const attribute = byName.get(node.attribute);
  if (!attribute) return [];
  const orders = offer.orders[attribute.kind] ?? offer.orders.text;
  const said = (how) => offer.operators[how] ?? orders[how] ?? how;
  const how = choice(words.how, attribute.operators.map((one) => [one, said(one)]), howOf(node), (value) =>
    put(asked(node.attribute, value, node)));
  [...how.options].forEach((one) => { one.textContent = said(one.value); });
  return [how, ...valueFields(node, attribute)];
}

function valueFields(node, attribute) {
  if (node.is === "present" || node.is === "missing") return [];
  if (node.is === "area" || node.is === "near") return otherFields(node);
  const many = Array.isArray(node.values);
  const key = node.is === "text" ? "text" : "value";
  const set = (value) => { node[key] = value; changed(); };
  const choices = attribute.choices.map((one) => [one.name, one.label]);
  if (many && choices.length) return [boxes(node, choices)];
  if (many) return [lines(node, attribute)];
  if (choices.length) return [choice(words.value, choices, node[key], set)];
  if (attribute.kind === "boolean") {
    const yesNo = [["true", words.yes], ["false", words.no]];
    return [choice(words.value, yesNo, String(node.value), (value) => set(value === "true"))];
  }
  if (attribute.kind === "date") return [dayFields(node)];
  const more = attribute.kind === "number" ? { inputmode: "decimal", size: "8", dir: "ltr" } : {};
  return [input(words.value, node[key], set, more)];
}

function boxes(node, choices) {
  const known = new Set(choices.map(([one]) => one));
  const all = [...choices, ...node.values.filter((one) => !known.has(one)).map((one) => [one, one])];
  return element("span", { class: "boxes", role: "group", "aria-label": words.value }, ...all.map(([value, said]) => {
    const id = `v-${++count}`;
    const box = element("input", {
      type: "checkbox",
      id,
      checked: node.values.includes(value),
      on: ["change", (event) => {
        node.values = event.target.checked ? [...node.values, value] : node.values.filter((one) => one !== value);
        changed();
      }],
    });
    return element("span", { class: "box" }, box, element("label", { for: id }, said));
  }));
}

/** Values one in a line; days told from today and truths stay what they are. */
function lines(node) {
  const plain = node.values.every((one) => typeof one === "string");
  if (!plain) return element("code", {}, node.values.map((one) => JSON.stringify(one)).join(", "));
  const made = element("textarea", {
    "aria-label": words.values,
    rows: "3",
    dir: "auto",
    on: ["input", (event) => {
      node.values = event.target.value.split("\n").filter((one) => one.trim());
      changed();
    }],
  });
  made.value = node.values.join("\n");
  return made;
}

function dayFields(node) {
  const told = typeof node.value === "object";
  const sort = told ? (node.value.today === 0 ? "today" : node.value.today < 0 ? "before" : "after") : "day";
  const sorts = ["day", "today", "before", "after"].map((one) => [one, words[one]]);
  const redo = (value) => { node.value = value; changed(); draw(); };
  const holder = element("span", { class: "day" });
  if (sort === "before" || sort === "after") {
    const sign = sort === "before" ? -1 : 1;
    const set = (many, unit) => { node.value = { today: sign * many, unit }; changed(); };
    const many = () => Math.max(1, Math.trunc(Number(number.value)) || 1);
    const number = input(words.count, Math.abs(node.value.today), () => set(many(), unit.value), { type: "number", min: "1" });
    const unit = choice(words.unit, Object.entries(offer.units), node.value.unit, () => set(many(), unit.value));
    holder.append(number, unit);
  }
  const chosen = choice(words.date, sorts, sort, (value) => {
    const today = new Date().toISOString().slice(0, 10);
    redo({ day: today, today: { today: 0, unit: "day" }, before: { today: -30, unit: "day" }, after: { today: 30, unit: "day" } }[value]);
  });
  holder.append(chosen);
  if (sort === "day") {
    holder.append(input(words.date, node.value, (value) => { node.value = value; changed(); }, { type: "date", dir: "ltr" }));
  }
  return holder;
}

function otherFields(node) {
  const set = (key) => (value) => { node[key] = value; changed(); };
  const listed = (key, list, label) => input(label, node[key], set(key), { list: `l-${list}` });
  const number = (key) => input(words[key], node[key], set(key), { inputmode: "decimal", size: "8", dir: "ltr", title: words[key] });
  return {
    all: () => [],
    area: () => [listed("area", "areas", offer.others.area)],
    segment: () => [listed("segment", "segments", offer.others.segment)],
    campaign: () => [
      listed("campaign", "campaigns", words.campaign),
      choice(words.how, Object.entries(offer.outcomes), node.outcome, set("outcome")),
    ],
    near: () => [number("metres"), number("latitude"), number("longitude")],
    may_receive: () => rights(node, set),
    opted_out: () => rights(node, set),
  }[node.is]();
}

function rights(node, set) {
  return [
    choice(words.class, Object.entries(offer.classes), node.class, set("class")),
    choice(words.channel, Object.entries(offer.channels), node.channel, set("channel")),
  ];
}

// -- in step -------------------------------------------------------------------------------------

let timer = 0;
let asking = null;

function later(act) {
  clearTimeout(timer);
  timer = setTimeout(act, PAUSE);
}

/** The form was changed: its text is written by the server. */
function changed() {
  later(() => ask({ form: JSON.stringify(tidy(tree) ?? { is: "all" }) }, false));
}

/** The text was changed: the form is drawn anew from it. */
text.addEventListener("input", () => later(() => ask({ expression: text.value }, true)));

async function ask(given, redraw) {
  asking?.abort();
  const own = (asking = new AbortController());
  const csrf = form.elements.csrf.value;
  told.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams({ csrf, ...given });
    const answer = await fetch(form.dataset.check, { method: "POST", body, signal: own.signal });
    if (answer.status !== 200 && answer.status !== 422) return;
    const found = await answer.json();
    if (found.fault) return refuse(found.fault, redraw);
    part("fault").hidden = true;
    part("words").textContent = found.words;
    part("counted").textContent = found.counted;
    sampled(found.sample);
    if (redraw) {
      tree = grouped(found.form);
      draw();
    } else text.value = found.expression;
  } catch (error) {
    if (error.name !== "AbortError") part("counted").textContent = "";
  } finally {
    if (asking === own) told.removeAttribute("aria-busy");
  }
}

function refuse(fault, place) {
  part("fault").hidden = false;
  part("words").textContent = "";
  part("counted").textContent = "";
  part("place").hidden = !(place && fault.position);
  const at = element("mark", {}, fault.after.slice(0, 1) || " ");
  part("place").replaceChildren(fault.before, at, fault.after.slice(1));
  // Written by the server, in the language of the page, with all that was typed escaped.
  part("problem").innerHTML = fault.told;
  sampled([]);
}

function sampled(numbers) {
  const holder = part("sampled");
  if (!holder) return;
  holder.hidden = !numbers.length;
  part("sample").replaceChildren(...numbers.map((one) => element("li", {}, element("bdi", {}, one))));
}

for (const name of ["areas", "segments", "campaigns"]) {
  document.getElementById(`l-${name}`).append(...offer[name].map((value) => element("option", { value })));
}
form.addEventListener("formdata", (event) => event.formData.delete("what"));
document.getElementById("build").hidden = false;
draw();
