// Starts s3rver on any port, with one bucket, over an empty folder; prints the port. S3rver takes
// any Signature Version 4 without looking, so this stands before it and checks the signature as
// AWS describes it ("Create a signed AWS API request"), body hash included.
// Usage: node --openssl-legacy-provider s3_server.mjs NODE_MODULES FOLDER
import crypto from "node:crypto";
import http from "node:http";
import { createRequire } from "node:module";

const [modules, folder] = process.argv.slice(2);
const SECRETS = { S3RVER: "S3RVER" };
const S3rver = createRequire(`${modules}/`)("s3rver");
const s3rver = new S3rver({
  port: 0,
  address: "127.0.0.1",
  silent: true,
  directory: folder,
  configureBuckets: [{ name: "flights" }],
});
const { port } = await s3rver.run();

const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");
const hmac = (key, data) => crypto.createHmac("sha256", key).update(data).digest();

function isSigned({ method, url, headers }, body) {
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/
    .exec(headers.authorization ?? "");
  if (!parts) return false;
  const [, key, scope, signedHeaders, signature] = parts;
  const hash = headers["x-amz-content-sha256"];
  if (hash !== sha256(body)) return false;
  for (const needed of ["host", "x-amz-content-sha256", "x-amz-date"]) {
    if (!signedHeaders.split(";").includes(needed)) return false;
  }
  const [path, query = ""] = url.split("?");
  const canonical = [
    method,
    path,
    query.split("&").filter(Boolean).map((p) => (p.includes("=") ? p : `${p}=`)).sort().join("&"),
    ...signedHeaders.split(";").map((name) => `${name}:${(headers[name] ?? "").trim()}`),
    "",
    signedHeaders,
    hash,
  ].join("\n");
  const [date, region, service, end] = scope.split("/");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const signingKey = [date, region, service, end]
    .reduce((secret, part) => hmac(secret, part), `AWS4${SECRETS[key]}`);
  return service === "s3" && hmac(signingKey, toSign).toString("hex") === signature;
}

const front = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!isSigned(request, body)) {
    response.writeHead(403, { "content-type": "application/xml" });
    return response.end(
      "<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does " +
      "not match the signature you provided.</Message></Error>");
  }
  const behind = http.request(
    { port: port, host: "127.0.0.1", method: request.method, path: request.url, headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    },
  );
  behind.end(body);
});
front.listen(0, "127.0.0.1", () => console.log(front.address().port));
