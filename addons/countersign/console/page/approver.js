"use strict";
// Added to mitmweb's page. mitmweb does not show what the gateway answers to Resume and Abort: this does, and it asks
// for a reason where the rule wants one. It takes away the single keys that would decide without a click, and several
// decisions with one click.
(() => {
  const DECIDING_KEYS = new Set(["a", "A", "x", "X", "d", "D", "r", "v", "V", "z", "m", "e", ":"]);
  const underWay = new Set(); // what this page has decided, or is deciding
  const send = window.fetch.bind(window);

  if (location.hash === "") location.hash = "#/flows";

  window.fetch = async (resource, options = {}) => {
    const pressed = options.method === "POST" && /\/flows\/([0-9a-f-]+)\/(resume|kill)$/.exec(String(resource));
    if (pressed && document.querySelectorAll(".flow-table tr.selected").length > 1) {
      show("Decide about one change at a time: select one.", "refused");
      return new Response(null, { status: 409 });
    }
    if (pressed && underWay.has(pressed[1])) return new Response(null, { status: 409 }); // a double click
    if (pressed) underWay.add(pressed[1]);
    const answer = await send(resource, options);
    if (answer.status === 401) location.assign("/login");
    if (pressed && !answer.ok) underWay.delete(pressed[1]);
    if (pressed) await report(answer.clone(), pressed[1], pressed[2] === "resume" ? "approve" : "deny");
    return answer;
  };

  window.addEventListener(
    "keydown",
    (event) => {
      const isTyping = event.target instanceof Element && event.target.closest("input, textarea, dialog");
      if (!isTyping && !event.ctrlKey && !event.metaKey && DECIDING_KEYS.has(event.key)) {
        event.stopImmediatePropagation();
      }
    },
    true,
  );

  async function report(answer, id, verdict) {
    const said = await answer.json();
    if (answer.ok) {
      const missing = said.missing ? `; ${said.missing} more signature(s) needed from other people` : "";
      show(verdict === "approve" ? `Approved by you${missing}.` : "Denied by you.", "done");
    } else if (said.reason_needed) {
      askForReason(id, verdict);
    } else {
      show(`Not recorded: ${said.detail || said.title}`, "refused");
    }
  }

  function askForReason(id, verdict) {
    const reason = element("textarea", { rows: 4, required: true, maxLength: 2000 });
    const confirm = element("button", { textContent: verdict === "approve" ? "Approve" : "Deny" });
    const cancel = element("button", { type: "button", textContent: "Cancel" });
    const form = element("form", { method: "dialog" }, [
      element("p", { textContent: `This rule asks for a reason to ${verdict}. It is recorded under your name.` }),
      reason,
      confirm,
      cancel,
    ]);
    const dialog = element("dialog", { className: "countersign-dialog" }, [form]);
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    form.addEventListener("submit", async () => {
      const answer = await send(`/api/approvals/${id}/${verdict}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-XSRFToken": xsrfToken() },
        body: JSON.stringify({ reason: reason.value }),
      });
      await report(answer, id, verdict);
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  function xsrfToken() {
    return (/(?:^|; )_mitmproxy_xsrf=([^;]*)/.exec(document.cookie) || ["", ""])[1];
  }

  function show(text, kind) {
    document.querySelectorAll(".countersign-notice").forEach((old) => old.remove());
    const notice = element("p", { className: `countersign-notice ${kind}`, textContent: text, role: "status" });
    notice.addEventListener("click", () => notice.remove());
    document.body.append(notice);
    if (kind === "done") setTimeout(() => notice.remove(), 8000);
  }

  function element(name, properties, children = []) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  document.addEventListener("DOMContentLoaded", () => {
    const person = document.querySelector('meta[name="countersign-person"]').content;
    const leave = element("form", { method: "post", action: "/logout", className: "countersign-who" }, [
      element("a", { href: "/approvals", textContent: "Approvals" }),
      element("span", { textContent: person }),
      element("input", { type: "hidden", name: "_xsrf", value: decodeURIComponent(xsrfToken()) }),
      element("button", { textContent: "Log out" }),
    ]);
    document.body.append(leave);
    document.title = "Countersign";
  });
})();
