// Server-sent events as what GraphiQL iterates over. By fetch: an EventSource could send no token.

const NEXT = "next";
const COMPLETE = "complete";

// `controller` belongs to the request whose answer this is: GraphiQL's stop button ends it.
export function eventsOf(response, controller) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const done = { done: true, value: undefined };
  let text = "";

  async function part() {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const found = text.slice(0, end);
        text = text.slice(end + 2);
        return found;
      }
      const read = await reader.read();
      if (read.done) return null;
      text += read.value;
    }
  }

  async function next() {
    for (let found = await part(); found !== null; found = await part()) {
      const { event, data } = fields(found);
      if (event === COMPLETE) return done;
      if (event === NEXT) return { done: false, value: JSON.parse(data) };
    }
    return done;
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => next().catch((error) => (controller.signal.aborted ? done : Promise.reject(error))),
    async return() {
      controller.abort();
      return done;
    },
  };
}

// Comments, which keep the connection open, have no name.
function fields(part) {
  const lines = part.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
  return Object.fromEntries(lines.map(([name, value]) => [name, value.trimStart()]));
}
