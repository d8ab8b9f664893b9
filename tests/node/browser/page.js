// One page of a headless Chromium, driven from outside: a line of JSON in is a call, a line of JSON out its outcome.
//
//     {"call": "click", "with": ["#run"]}  ->  {"value": null} or {"error": "…"}
//
// A call is a method of Playwright's Page, or `keyboard.…`; `reports` tells what the page asked for and complained of.
// TRUSTED, where given, is the public key of a certificate that needs no authority: its SHA-256 in base64.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [executablePath, origin, trusted = ""] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-sync",
    `--ignore-certificate-errors-spki-list=${trusted}`,
  ],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, baseURL: origin });
page.setDefaultTimeout(20_000);
page.on("dialog", (dialog) => dialog.accept());

const reports = { requests: [], complaints: [] };
page.on("request", (request) => reports.requests.push(request.url()));
page.on("websocket", (socket) => reports.requests.push(socket.url()));
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) reports.complaints.push(message.text());
});
page.on("pageerror", (error) => reports.complaints.push(String(error)));

async function outcome(line) {
  const { call, with: values } = JSON.parse(line);
  if (call === "reports") return reports;
  const path = call.split(".");
  const method = path.pop();
  const value = await path.reduce((owner, name) => owner[name], page)[method](...values);
  return ["boolean", "number", "string"].includes(typeof value) || call === "evaluate" ? value : null;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await outcome(line).then(
    (value) => ({ value: value ?? null }),
    (error) => ({ error: String(error) }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
