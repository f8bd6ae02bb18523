// Starts s3rver on any port, with one bucket, over an empty folder; prints the port. What S3 does
// and s3rver does not, the front does: it refuses a wrong signature, and answers the first BUSY
// requests with 503 SlowDown.
// Usage: node --openssl-legacy-provider s3_server.mjs NODE_MODULES FOLDER [BUSY]
import { createRequire } from "node:module";
import { listen } from "./front.mjs";
import { isSigned } from "./signature.mjs";

const [modules, folder, busy = "0"] = process.argv.slice(2);
const S3rver = createRequire(`${modules}/`)("s3rver");
const s3rver = new S3rver({
  port: 0,
  address: "127.0.0.1",
  silent: true,
  directory: folder,
  configureBuckets: [{ name: "flights" }],
});
const { port } = await s3rver.run();

const error = (status, code, message) => ({
  status,
  type: "application/xml",
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

let busyLeft = Number(busy);
listen(() => port, (request, body) => {
  if (!isSigned(request, body, "s3")) {
    return error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match " +
      "the signature you provided. Check your key and signing method.");
  }
  if (busyLeft > 0) {
    --busyLeft;
    return error(503, "SlowDown", "Please reduce your request rate.");
  }
});
