// Keeps the progress of an import fresh while it runs. Without it, reloading the page does the same.

const EACH = 1000;

async function look() {
  const course = document.getElementById("course");
  if (!course || !("running" in course.dataset)) return;
  try {
    const answer = await fetch(location.pathname, {
      // By itself: nobody has done anything, so the session is not kept alive.
      headers: { Accept: "text/html", "X-Watching": "yes" },
    });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("course");
      if (fresh) course.replaceWith(document.adoptNode(fresh));
    }
  } catch {
    // The next look may get through.
  }
  setTimeout(look, EACH);
}

setTimeout(look, EACH);
