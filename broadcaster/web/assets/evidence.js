// Says that a document is being made, from the press until it is there. Without it, a sentence beside
// the button says that it takes a while.

const LONGEST = 60000;

for (const link of document.querySelectorAll("[data-making]")) {
  const told = document.getElementById(link.dataset.making);
  const before = told.textContent;
  let timer = 0;
  const rest = () => {
    clearTimeout(timer);
    told.textContent = before;
    told.classList.remove("making");
    link.removeAttribute("aria-disabled");
  };
  link.addEventListener("click", (event) => {
    if (link.getAttribute("aria-disabled")) {
      // It is on its way: once more would make it twice.
      event.preventDefault();
      return;
    }
    told.textContent = told.dataset.made;
    told.classList.add("making");
    // In another window, it is not known here when it is there.
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!elsewhere) link.setAttribute("aria-disabled", "true");
    timer = setTimeout(rest, LONGEST);
  });
  // Who comes back finds the page as it was.
  addEventListener("pageshow", rest);
}
