// What GraphiQL may keep in localStorage: tabs, history, sizes, theme. Never a header, never a token.

const PREFIX = "graphiql:";
// A token of ours, or a JSON Web Token, wherever it was typed.
const SECRET = /tnt_[a-z]+_[0-9A-Za-z]+|eyJ[\w-]+\.[\w-]+\.[\w-]*/g;
const HEADER_KEYS = new Set([`${PREFIX}headers`, `${PREFIX}shouldPersistHeaders`]);

// The same text without what is secret; where it is JSON (tabs, history), headers are left out at every depth.
function harmless(text) {
  try {
    const parsed = JSON.parse(text);
    if (parsed !== null && typeof parsed === "object") {
      text = JSON.stringify(parsed, (key, value) => (key === "headers" ? null : value));
    }
  } catch {
    // Not JSON: a query.
  }
  return text.replace(SECRET, "[token]");
}

function keys() {
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
}

export const storage = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => {
    if (!HEADER_KEYS.has(key)) localStorage.setItem(key, harmless(value));
  },
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => keys().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return keys().length;
  },
};
