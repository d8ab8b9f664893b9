// Who is signed in: a name in the bar, until when, and the way in and out. The access token is in this module's memory
// and nowhere else, so that a reload forgets it. While somebody is signed in, no token can be pasted.

import { arrive, leave } from "./sign_in.js";

const NOTICE = 60_000; // milliseconds before the end
const CHOSEN = "tenantry:tenant"; // which tenant was being looked at, while the page is away
const [bar, person, enter, exit, menu, notice, token, tenant] = [
  "account",
  "person",
  "sign-in",
  "sign-out",
  "issuers",
  "account-notice",
  "token",
  "tenant",
].map((id) => document.getElementById(id));
const clients = JSON.parse(bar.dataset.issuers);
let session = null;
let timers = [];
let changed = () => {};

export const isOffered = clients.length > 0;

// The access token, or nothing.
export function bearer() {
  return session && Date.now() < session.until ? session.token : "";
}

// Show what is offered, and let in who comes back from an issuer. `onChange` is called whenever the bearer is another.
export async function open(onChange) {
  if (!isOffered) return;
  changed = onChange;
  tenant.value = sessionStorage.getItem(CHOSEN) ?? tenant.value;
  sessionStorage.removeItem(CHOSEN);
  show();
  await trying(async () => accept(await arrive(clients)));
}

function accept(found) {
  timers.forEach(clearTimeout);
  timers = [];
  if (found === session) return;
  session = found;
  token.value = "";
  say("");
  show();
  if (Number.isFinite(session?.until)) {
    timers = [setTimeout(warn, session.until - Date.now() - NOTICE), setTimeout(end, session.until - Date.now())];
  }
  changed();
}

function warn() {
  say(`The sign-in ends at ${clockOf(session.until)}. Sign in again to go on; the tabs stay as they are.`);
  enter.hidden = false;
}

// The schema stays: what is asked from now on is not sent, and says why.
function end() {
  session = null;
  say("The sign-in has ended: sign in again. The tabs stay as they are.");
  show();
}

// A step of a sign-in, at whose end another may begin.
async function trying(step) {
  enter.disabled = true;
  try {
    await step();
  } catch (error) {
    say(`Not signed in. ${error.message}`);
  }
  enter.disabled = false;
}

function say(words) {
  notice.textContent = words;
}

function show() {
  bar.hidden = false;
  enter.hidden = session !== null;
  exit.hidden = person.hidden = session === null;
  token.parentElement.hidden = session !== null;
  const until = Number.isFinite(session?.until) ? ` until ${clockOf(session.until)}` : "";
  person.textContent = session ? `${session.name}${until}` : "";
}

function clockOf(moment) {
  return new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function begin(client) {
  say("");
  sessionStorage.setItem(CHOSEN, tenant.value);
  trying(() => leave(client));
}

if (clients.length === 1) {
  enter.title = clients[0].label;
  enter.addEventListener("click", () => begin(clients[0]));
} else {
  enter.popoverTargetElement = menu;
  for (const client of clients) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = client.label;
    button.addEventListener("click", () => {
      menu.hidePopover();
      begin(client);
    });
    menu.append(button);
  }
}
exit.addEventListener("click", () => accept(null));
token.addEventListener("input", () => say(""));
