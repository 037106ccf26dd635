// Brings pages up to date, asks whether a name is free, and moves by keys. With it off nothing is missing.
(() => {
  "use strict";

  // A page that nothing is being entered on is asked for again; on any other a line offers it.
  const entering = () => {
    const at = document.activeElement;
    if (at && at.closest("main") && at.matches("input, textarea, select")) return true;
    if (document.querySelector("main details[open] form, main .told, main .trouble")) return true;
    return [...document.querySelectorAll("main input, main textarea, main select")].some((e) =>
      e.type === "checkbox" || e.type === "radio" ? e.checked !== e.defaultChecked
        : e.tagName === "SELECT" ? [...e.options].some((o) => o.selected !== o.defaultSelected && e.options.length > 1 && o.defaultSelected)
          : e.value !== e.defaultValue);
  };

  // The element of a fresh part of the page that leads where another leads, or says what it says, and has its place among such.
  const twin = (e, old, fresh) => {
    const key = (o) => o.getAttribute("href") ?? o.textContent;
    const like = (part) => [...part.querySelectorAll(e.tagName)].filter((o) => key(o) === key(e));
    const all = like(fresh);
    return all[Math.min(like(old).indexOf(e), all.length - 1)];
  };

  // What has the keyboard keeps it, and what a person has unfolded stays so.
  const bring = (fresh) => {
    const old = document.querySelector("main"), at = document.activeElement;
    const opened = [...old.querySelectorAll("details[open] > summary")].map((e) => twin(e, old, fresh));
    const next = old.contains(at) && twin(at, old, fresh);
    old.replaceWith(fresh);
    for (const summary of opened) if (summary) summary.parentElement.open = true;
    if (next) next.focus();
  };

  const renew = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (fresh && !entering()) bring(fresh);
    const head = page.querySelector("header .bar");
    if (head && document.activeElement.closest("header") === null) document.querySelector("header .bar").replaceWith(head);
  };

  const offer = () => {
    if (document.querySelector(".changed")) return;
    const line = document.createElement("p");
    line.className = "changed";
    line.setAttribute("role", "status");
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = document.body.dataset.show;
    line.append(document.body.dataset.changed + " ", link);
    document.querySelector("main").prepend(line);
  };

  let seen = null, due = null;
  if (window.EventSource && document.querySelector("header nav")) {
    const source = new EventSource("/live");
    source.addEventListener("log", (e) => {
      const moved = seen !== null && seen !== e.data;
      seen = e.data;
      document.documentElement.dataset.live = seen; // the page follows what happens
      if (!moved || due) return;
      due = setTimeout(() => { due = null; entering() || location.search.includes("after=") ? offer() : renew(); }, 1000);
    });
  }

  // Whether a name is free is asked while it is typed, in the words of the page that a button asks it on: when nothing has been
  // typed for a while. What is typed next ends the question before, asked or not: there is one at a time, and no answer beside another name.
  let question = new AbortController();
  const say = (line, found) => {
    line.className = found ? found.className : "";
    line.replaceChildren(...(found ? found.childNodes : []));
  };

  const ask = async (line, address, signal) => {
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" }, signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok && !signal.aborted) say(line, page.getElementById("available"));
    } catch { /* it was ended, or the panel does not answer: nothing is said */ }
  };

  document.addEventListener("input", (e) => {
    const line = document.getElementById("available"), fields = e.target.form && e.target.form.elements;
    if (!line || !fields || e.target !== fields.domain && e.target !== fields.kind) return;
    question.abort();
    question = new AbortController();
    say(line, null);
    const query = new URLSearchParams({ check: "typed", kind: fields.kind.value, domain: fields.domain.value });
    if (line.dataset.kinds.split(" ").includes(fields.kind.value) && fields.domain.value.includes("."))
      setTimeout(ask, 400, line, "/orders/new?" + query, question.signal);
  });

  // Keys: / searches, j and k move from row to row, Enter opens, g and a letter go to a page.
  const pages = { t: "/", d: "/domains", o: "/orders", p: "/operations", r: "/review", m: "/mails", n: "/renewals", c: "/customers", l: "/log" };
  let going = false;
  const links = () => [...document.querySelectorAll("main .need .button:first-child, main tbody tr a:first-of-type")]
    .filter((a, i, all) => all.findIndex((b) => b.closest("tr, li") === a.closest("tr, li")) === i);

  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select")) return;
    if (going) {
      going = false;
      if (pages[e.key]) location.href = pages[e.key];
      return;
    }
    if (e.key === "g") { going = true; setTimeout(() => { going = false; }, 1500); return; }
    if (e.key === "/") {
      const q = document.getElementById("q");
      if (q) { e.preventDefault(); q.focus(); q.select(); }
      return;
    }
    if (e.key !== "j" && e.key !== "k") return;
    const all = links();
    const at = all.indexOf(document.activeElement) + (e.key === "j" ? 1 : -1);
    if (all.length) all[Math.max(0, Math.min(all.length - 1, at))].focus();
  });
})();
