// Signature Version 4 seen from the service: makes the signature again from what arrived, as AWS
// describes it ("Create a signed AWS API request"), and compares. s3rver and dynalite take any
// signature without looking, so this stands before them.
import crypto from "node:crypto";

/** The one key that s3rver has; the same for both services, as programs have one in their environment. */
const SECRETS = { S3RVER: "S3RVER" };

const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");
const hmac = (key, data) => crypto.createHmac("sha256", key).update(data).digest();

/**
 * Whether the request is signed for `service` with the secret of its key, over its host, its body
 * and every header that AWS wants signed.
 */
export function isSigned({ method, url, headers }, body, service) {
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/
    .exec(headers.authorization ?? "");
  if (!parts) return false;
  const [, key, scope, signedHeaders, signature] = parts;
  const signed = signedHeaders.split(";");
  const needed = ["host", "x-amz-date", ...Object.keys(headers).filter((n) => n.startsWith("x-amz-"))];
  if (!needed.every((name) => signed.includes(name))) return false;
  const hash = sha256(body);
  if ((headers["x-amz-content-sha256"] ?? hash) !== hash) return false;
  const [path, query = ""] = url.split("?");
  const canonical = [
    method,
    path,
    query.split("&").filter(Boolean).map((p) => (p.includes("=") ? p : `${p}=`)).sort().join("&"),
    ...signed.map((name) => `${name}:${(headers[name] ?? "").trim()}`),
    "",
    signedHeaders,
    hash,
  ].join("\n");
  const [date, region, forService, end] = scope.split("/");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const signingKey = [date, region, forService, end]
    .reduce((secret, part) => hmac(secret, part), `AWS4${SECRETS[key]}`);
  return forService === service && end === "aws4_request" &&
    hmac(signingKey, toSign).toString("hex") === signature;
}
