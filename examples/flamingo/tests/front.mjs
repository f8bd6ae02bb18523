// What stands before a server of the npm registry: an HTTP server that answers a request itself, or
// hands it on unchanged.
import http from "node:http";

/**
 * Listens on any port and prints it. `answer(request, body)` gives {status, type, body} to answer
 * itself, or nothing to ask the server at `port()`.
 */
export function listen(port, answer) {
  const front = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const own = answer(request, body);
    if (own) {
      response.writeHead(own.status, { "content-type": own.type });
      return response.end(own.body);
    }
    const { method, url, headers } = request;
    const behind = http.request({ host: "127.0.0.1", port: port(), method, path: url, headers }, (answered) => {
      response.writeHead(answered.statusCode, answered.headers);
      answered.pipe(response);
    });
    behind.end(body);
  });
  front.listen(0, "127.0.0.1", () => console.log(front.address().port));
}
