// Starts dynalite on any port and prints the port. Dynalite keeps a table's provisioned capacity
// but does not enforce it, so this stands before it and does: reads above the table's
// ReadCapacityUnits get the answer that DynamoDB gives. The bucket holds one second of units and
// does not refill, so that what is refused does not depend on the clock; UpdateTable fills it.
// Usage: node dynamo_server.mjs NODE_MODULES
import http from "node:http";
import { createRequire } from "node:module";

const dynalite = createRequire(`${process.argv[2]}/`)("dynalite")({ createTableMs: 0, updateTableMs: 0 });
const units = new Map();

function refuse(response) {
  response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
  response.end(JSON.stringify({
    __type: "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    message: "The level of configured provisioned throughput for the table was exceeded. " +
      "Consider increasing your provisioning level with the UpdateTable API.",
  }));
}

const front = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const action = (request.headers["x-amz-target"] ?? "").split(".")[1];
  const { TableName: table, ProvisionedThroughput: provisioned } = JSON.parse(body.toString() || "{}");
  if (provisioned) units.set(table, provisioned.ReadCapacityUnits);
  if (action === "GetItem" && units.has(table)) {
    if (units.get(table) < 1) return refuse(response);
    units.set(table, units.get(table) - 1);
  }
  const { port } = dynalite.address();
  const behind = http.request(
    { port, host: "127.0.0.1", method: request.method, path: request.url, headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    },
  );
  behind.end(body);
});

dynalite.listen(0, "127.0.0.1", () => {
  front.listen(0, "127.0.0.1", () => console.log(front.address().port));
});
