"use strict";
// Keeps an approvals page up to date, and works without it: asks the gateway for news, and when there are some puts the
// same page, as it is now, in place of the old one. What is being typed, read or folded open stays as it is.
(() => {
  const FIRST_PAUSE = 1000; // milliseconds, after an answer that was none; doubled each time
  const LONGEST_PAUSE = 60000;
  const OLDEST = { inbox: 60000, approval: 600000 }; // the waiting times on a page are words of the server's
  let pause = FIRST_PAUSE;
  let shownAt = Date.now();
  let asking = null; // the request that waits for news

  const main = () => document.getElementById("main");
  const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const visible = () =>
    document.visibilityState === "visible"
      ? Promise.resolve()
      : new Promise((done) => document.addEventListener("visibilitychange", done, { once: true })).then(visible);

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && asking) asking.abort();
  });
  document.addEventListener("submit", (event) => {
    // a second click while the first is on its way
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  follow();

  async function follow() {
    while (main().dataset.live) {
      await visible();
      try {
        const news = await nextNews(main().dataset.revision);
        if (isOutdated(news)) await refresh();
        main().dataset.revision = news.revision;
        pause = FIRST_PAUSE;
      } catch (error) {
        if (error.isOver) return;
        if (document.visibilityState === "hidden") continue;
        await sleep(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      }
    }
  }

  async function nextNews(seen) {
    asking = new AbortController();
    try {
      const answer = await fetch(`/api/approvals?seen=${seen}`, { signal: asking.signal });
      refuseUnlessGood(answer);
      return await answer.json();
    } finally {
      asking = null;
    }
  }

  // An approval's page can be large: steps of other approvals are no reason to make it again.
  function isOutdated(news) {
    const { approval, version, revision } = main().dataset;
    if (Date.now() - shownAt > OLDEST[approval ? "approval" : "inbox"]) return true;
    if (!approval) return String(news.revision) !== revision;
    const now = news.approvals.find((each) => each.id === approval);
    return !now || `${now.state}-${now.signatures.length}` !== version;
  }

  async function refresh() {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (answer.redirected) throw loggedOut();
    refuseUnlessGood(answer);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    shownAt = Date.now();
    const old = main();
    const isNews = fresh.dataset.version !== old.dataset.version;
    if (isNews || !isBusy(old)) replace(old, fresh);
    if (isNews) say(`Updated: ${fresh.dataset.news}.`);
  }

  function refuseUnlessGood(answer) {
    if (answer.status === 401) throw loggedOut();
    if (!answer.ok) throw new Error(`status ${answer.status}`);
  }

  function loggedOut() {
    say("You are logged out: this page is no longer kept up to date. ", "/approvals", "Log in");
    return Object.assign(new Error("logged out"), { isOver: true });
  }

  // Somebody reads or writes in it; only news are worth disturbing them.
  function isBusy(old) {
    return old.contains(document.activeElement) || !document.getSelection().isCollapsed;
  }

  function replace(old, fresh) {
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const mark = focused && placeOf(focused);
    const caret = focused && focused.id === "reason" ? [focused.selectionStart, focused.selectionEnd] : null;
    const typed = old.querySelector("#reason");
    const field = fresh.querySelector("#reason");
    if (typed && field) field.value = typed.value;
    for (const open of old.querySelectorAll("details[open]")) {
      const same = open.id && fresh.querySelector(`#${CSS.escape(open.id)}`);
      if (same) same.open = true;
    }
    const top = window.scrollY;
    old.replaceWith(fresh);
    window.scrollTo({ top, behavior: "instant" });
    const again = mark && document.querySelector(mark);
    if (again) again.focus({ preventScroll: true });
    else if (focused) (document.getElementById("status") || fresh).focus({ preventScroll: true });
    if (again && caret) again.setSelectionRange(...caret);
  }

  function placeOf(element) {
    if (element.id) return `#${CSS.escape(element.id)}`;
    if (element.name && element.value) {
      return `main ${element.localName}[name="${CSS.escape(element.name)}"][value="${CSS.escape(element.value)}"]`;
    }
    const href = element.getAttribute("href");
    return href ? `main a[href="${CSS.escape(href)}"]` : null;
  }

  function say(text, href, label) {
    const news = document.getElementById("news");
    news.textContent = text;
    if (href) news.append(Object.assign(document.createElement("a"), { href, textContent: label }));
    else setTimeout(() => news.textContent === text && (news.textContent = ""), 10000);
  }
})();
