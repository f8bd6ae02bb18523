// Starts dynalite on any port and prints the port. What DynamoDB does and dynalite does not, the
// front does: it refuses a wrong signature, and reads above the table's ReadCapacityUnits. The
// bucket holds one second of units and does not refill, so that what is refused does not depend on
// the clock; UpdateTable fills it.
// Usage: node dynamo_server.mjs NODE_MODULES
import { createRequire } from "node:module";
import { listen } from "./front.mjs";
import { isSigned } from "./signature.mjs";

const dynalite = createRequire(`${process.argv[2]}/`)("dynalite")({ createTableMs: 0, updateTableMs: 0 });
const units = new Map();

const error = (type, message) => ({
  status: 400,
  type: "application/x-amz-json-1.0",
  body: JSON.stringify({ __type: type, message }),
});

dynalite.listen(0, "127.0.0.1", () => listen(() => dynalite.address().port, (request, body) => {
  if (!isSigned(request, body, "dynamodb")) {
    return error("com.amazon.coral.service#InvalidSignatureException", "The request signature we " +
      "calculated does not match the signature you provided.");
  }
  const action = (request.headers["x-amz-target"] ?? "").split(".")[1];
  const { TableName: table, ProvisionedThroughput: provisioned } = JSON.parse(body.toString() || "{}");
  if (provisioned) units.set(table, provisioned.ReadCapacityUnits);
  if (action === "GetItem" && units.has(table)) {
    if (units.get(table) < 1) {
      return error("com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. " +
        "Consider increasing your provisioning level with the UpdateTable API.");
    }
    units.set(table, units.get(table) - 1);
  }
}));
