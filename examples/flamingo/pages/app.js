// The page: a gallery of charts and an editor. Every chart goes the same way: specification to
// POST /api/visualize, rows and a drawing back, vega-embed draws.

const element = (id) => document.getElementById(id);

/** Asks Flamingo for a chart; throws an Error with the service's message. */
async function visualize(spec) {
  const began = performance.now();
  const answer = await fetch("/api/visualize", {
    method: "POST",
    headers: { "content-type": "application/json", "x-account-id": element("account").value },
    body: typeof spec === "string" ? spec : JSON.stringify(spec),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.error.type}\n${body.error.message}`);
  return { ...body, ms: performance.now() - began };
}

/** Draws rows into a node. Times arrive as milliseconds, which is what Vega wants. */
async function draw(node, { drawing, columns, rows }, size) {
  const values = rows.map((row) => Object.fromEntries(columns.map((c, i) => [c.name, row[i]])));
  await vegaEmbed(
    node,
    { ...drawing, ...size, data: { values }, autosize: { type: "fit", contains: "padding" } },
    { actions: false, renderer: "svg" },
  );
}

function explain(plan) {
  return plan.steps
    .map(({ name, query, parameters, derived = [] }) => {
      const given = Object.entries(parameters).map(([key, v]) => `:${key} = ${JSON.stringify(v)}`);
      const made = derived.map((d) => `:${d.parameter} from ${d.from}, at most ${d.maxbins} bins`);
      return [`-- ${name}`, query, ...given, ...made].join("\n");
    })
    .join("\n\n");
}

function showFault(node, error) {
  const text = document.createElement("pre");
  text.className = "fault";
  text.textContent = error.message;
  node.replaceChildren(text);
}

async function drawEditor() {
  const fault = element("fault");
  fault.hidden = true;
  try {
    const answer = await visualize(element("spec").value);
    element("plan").textContent = explain(answer.plan);
    await draw(element("chart"), answer, { width: 560, height: 280 });
  } catch (error) {
    fault.textContent = error.message;
    fault.hidden = false;
  }
}

function edit(spec) {
  element("spec").value = JSON.stringify(spec, null, 2);
  return drawEditor();
}

async function addFigure(spec) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const title = document.createElement("span");
  const time = document.createElement("span");
  const open = document.createElement("button");
  const chart = document.createElement("div");
  title.textContent = spec.title;
  time.className = "quiet";
  open.textContent = "Edit";
  open.addEventListener("click", () => {
    void edit(spec);
    element("editor").scrollIntoView({ behavior: "smooth" });
  });
  title.append(" ", time);
  caption.append(title, open);
  figure.append(caption, chart);
  element("gallery").append(figure);
  try {
    const answer = await visualize(spec);
    time.textContent = `${answer.rows.length} rows, ${answer.ms.toFixed(0)} ms`;
    const { title: _shown, ...drawing } = answer.drawing;
    await draw(chart, { ...answer, drawing }, { width: 380, height: 190 });
  } catch (error) {
    showFault(chart, error);
  }
}

/** How many rows the manifest of the dataset names. */
async function countFlights() {
  const { csv = [] } = await (await fetch("/api/datasets/flights")).json();
  return csv.reduce((sum, { rows }) => sum + rows, 0);
}

element("flights").textContent = (await countFlights()).toLocaleString("en");
const gallery = await (await fetch("/api/gallery")).json();
element("draw").addEventListener("click", drawEditor);
for (const spec of gallery) await addFigure(spec);
await edit(gallery[0]);
document.body.dataset.ready = "true";
