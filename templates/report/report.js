
"use strict";
(() => {
  const form = document.getElementById("filters");
  if (!form) return;

  const NAMES = [...form.querySelectorAll("select")].map((select) => select.name);

  const cards = [...document.querySelectorAll(".card")];
  const texts = (element, selector) =>
    [...element.querySelectorAll(selector)].map((found) => found.textContent);
  const groups = [...document.querySelectorAll(".group")].map((section) => {
    const python = texts(section, "h3 .python");
    const rows = [...section.querySelectorAll(".finding")].map((row) => {
      const element = row.querySelector(".name").title;
      const words = [element, row.dataset.rule, ...python, ...texts(row, ".python, .methods code")];
      return { row, text: words.join("\n").toLowerCase() };
    });
    return { section, rows };
  });
  const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const number = new Intl.NumberFormat("en");

  /** The values of the controls, as the fragment of the address spells them. */
  const chosen = () => {
    const query = new URLSearchParams();
    const states = cards.filter((card) => card.getAttribute("aria-pressed") === "true");
    if (states.length) query.set("level", states.map((card) => card.dataset.state).join(","));
    for (const name of NAMES) if (form.elements[name].value) query.set(name, form.elements[name].value);
    const text = form.elements.q.value.trim();
    if (text) query.set("q", text);
    return query;
  };

  /** Show the findings that match the controls, and their number. */
  const show = (query) => {
    const states = query.has("level") ? query.get("level").split(",") : [];
    const wanted = NAMES.filter((name) => query.has(name)).map((name) => [name, query.get(name)]);
    const words = (query.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of groups) {
      let any = false;
      for (const { row, text } of group.rows) {
        const matches =
          (!states.length || states.some((state) => row.classList.contains(state))) &&
          wanted.every(([name, value]) => row.dataset[name] === value) &&
          words.every((word) => text.includes(word));
        row.hidden = !matches;
        any ||= matches;
        shown += matches ? 1 : 0;
      }
      group.section.hidden = !any;
    }
    document.getElementById("shown").textContent =
      `${number.format(shown)} of ${number.format(total)} findings`;
    document.getElementById("nothing").hidden = shown > 0;
    document.getElementById("reset").disabled = !String(query);
  };

  /** Apply the values of the controls, and put them into the address. */
  const apply = () => {
    const query = chosen();
    const hash = String(query) && `#${query}`;
    if (hash !== location.hash) {
      history.replaceState(null, "", hash || location.pathname + location.search);
    }
    show(query);
  };

  /** Set the controls to the values in the address; values that the page lacks are dropped. */
  const restore = () => {
    const query = new URLSearchParams(location.hash.slice(1));
    const states = (query.get("level") || "").split(",");
    for (const card of cards) card.setAttribute("aria-pressed", states.includes(card.dataset.state));
    for (const name of NAMES) {
      const options = [...form.elements[name].options].map((option) => option.value);
      const value = query.get(name) || "";
      form.elements[name].value = options.includes(value) ? value : "";
    }
    form.elements.q.value = query.get("q") || "";
    show(chosen());
  };

  const flip = (button) => {
    const pressed = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", pressed);
    return pressed;
  };

  for (const card of cards) {
    card.disabled = false;
    card.addEventListener("click", () => {
      flip(card);
      apply();
    });
  }
  for (const toggle of document.querySelectorAll(".toggle")) toggle.hidden = false;
  document.addEventListener("click", (event) => {
    const toggle = event.target.closest(".toggle");
    if (toggle) toggle.nextElementSibling.classList.toggle("whole", flip(toggle));
  });
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const card of cards) card.setAttribute("aria-pressed", "false");
    for (const name of [...NAMES, "q"]) form.elements[name].value = "";
    apply();
  });
  window.addEventListener("hashchange", restore);

  /** Go to the next finding that is shown, or to the previous one; from nowhere to the first in view. */
  const go = (step) => {
    const rows = groups.flatMap((group) => group.rows).map(({ row }) => row).filter((row) => !row.hidden);
    const at = rows.indexOf(document.activeElement.closest(".finding"));
    const next = at < 0 ? rows.find((row) => row.getBoundingClientRect().bottom > form.offsetHeight) : rows[at + step];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const q = form.elements.q;
    if (event.key === "Escape" && event.target === q) {
      if (q.value) {
        q.value = "";
        apply();
      } else q.blur();
      event.preventDefault();
    } else if (!event.target.closest("input, select")) {
      if (event.key === "/") q.focus();
      else if (event.key === "j" || event.key === "k") go(event.key === "j" ? 1 : -1);
      else return;
      event.preventDefault();
    }
  });

  /** Say how much of the window the filters cover, for what stays in view below them. */
  const cover = () => {
    const sticks = getComputedStyle(form).position === "sticky";
    document.documentElement.style.setProperty("--below", `${sticks ? form.offsetHeight : 0}px`);
  };
  new ResizeObserver(cover).observe(form);
  window.addEventListener("resize", cover);

  const folded = new Set();
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details.methods:not([open])")) {
      details.open = true;
      folded.add(details);
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
    folded.clear();
  });
  document.documentElement.classList.add("js");
  form.hidden = false;
  restore();
})();
