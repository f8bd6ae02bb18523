// Serves the pages while they are worked on: built anew for each load, the API from a running server.
//
//   node web/develop.mjs http://127.0.0.1:8081 [PORT]
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [server, port = "8082"] = process.argv.slice(2);
if (!server) throw new Error("usage: node web/develop.mjs URL_OF_A_RUNNING_SERVER [PORT]");
const web = path.dirname(fileURLToPath(import.meta.url));
const output = fs.mkdtempSync(path.join(os.tmpdir(), "understudy-web-build-"));
process.on("exit", () => fs.rmSync(output, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit());
process.on("SIGTERM", () => process.exit());

const types = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

http.createServer((request, response) => {
  const url = request.url ?? "/";
  if (url === "/" || url.startsWith("/ui")) {
    try {
      execFileSync(process.execPath, [path.join(web, "build.mjs"), output], { stdio: ["ignore", "inherit", "pipe"] });
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'self'; img-src 'self' data: blob:" });
      response.end(fs.readFileSync(path.join(output, "assets/ui")));
    } catch (error) {
      response.writeHead(500, { "content-type": "text/plain" });
      response.end(String(error.stderr ?? error));
    }
  } else if (url.startsWith("/assets/")) {
    const file = path.join(output, "assets", path.basename(url));
    if (!fs.existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[path.extname(file)] ?? "application/octet-stream" });
    response.end(fs.readFileSync(file));
  } else {
    const passed = http.request(server + url, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => { response.writeHead(502); response.end(); });
    request.pipe(passed);
  }
}).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/ui`));
