import { useState } from "preact/hooks";
import { client } from "../../api/client";
import { moment } from "../../format";
import { ChangeDialog } from "../../ui/change";
import { fitting, Suggest } from "../../ui/suggest";

const usual = [{ value: "deploy", about: "a new version runs" }, { value: "incident", about: "something was broken" }, { value: "config", about: "a setting was changed" }, { value: "load", about: "a test with load" }, { value: "note", about: "anything else" }];

/** The text of a field for a local time, in milliseconds; undefined when it is empty or no time. */
function localTime(text: string): number | undefined {
  const time = text === "" ? Number.NaN : new Date(text).getTime();
  return Number.isNaN(time) ? undefined : time;
}

export function AddMarker(props: { close: () => void; done: () => void }) {
  const [type, setType] = useState("deploy");
  const [message, setMessage] = useState("");
  const [url, setUrl] = useState("");
  const [at, setAt] = useState("");
  const [until, setUntil] = useState("");
  const start = localTime(at), end = localTime(until);
  const badUrl = url.trim() !== "" && !/^https?:\/\//.test(url.trim());
  const backwards = end !== undefined && end <= (start ?? Date.now());
  const problem = type.trim() === "" ? "Say what type it is." : badUrl ? "A link begins with http:// or https://." : backwards ? "It ends before it begins." : "";
  const submit = async () => {
    await client.addMarker({
      type: type.trim(), ...(message.trim() === "" ? {} : { message: message.trim() }), ...(url.trim() === "" ? {} : { url: url.trim() }),
      ...(start === undefined ? {} : { time: new Date(start).toISOString() }), ...(end === undefined ? {} : { end_time: new Date(end).toISOString() }),
    });
    props.done();
  };
  return <ChangeDialog title="Add a marker" action="Add it" ready={problem === ""} notReady={problem} submit={submit} close={props.close}>
    <div class="two-fields">
      <div class="field"><span>Type</span><Suggest label="Type" value={type} change={setType} suggest={(typed) => fitting(usual, typed)} /></div>
      <label class="field"><span>What happened</span><input class="input" value={message} maxLength={1000} placeholder="data-engine 2.3: smaller batches" onInput={(event) => setMessage(event.currentTarget.value)} /></label>
    </div>
    <label class="field"><span>Link (optional)</span><input class="input" type="url" value={url} placeholder="https://ci.example/builds/7" aria-invalid={badUrl} onInput={(event) => setUrl(event.currentTarget.value)} /></label>
    <div class="marker-times">
      <label class="field"><span>When (empty: now)</span><input class="input" type="datetime-local" step="1" value={at} onInput={(event) => setAt(event.currentTarget.value)} /></label>
      <label class="field"><span>Until (only if it lasted)</span><input class="input" type="datetime-local" step="1" value={until} onInput={(event) => setUntil(event.currentTarget.value)} /></label>
    </div>
    <p class="advice">Every chart gets a line at {start === undefined ? "this moment" : moment(start)}: <strong>{type.trim() || "…"}</strong>{message.trim() ? `, ${message.trim()}` : ""}. Everybody sees it. It changes nothing else, and it stays: markers are not taken away.</p>
  </ChangeDialog>;
}
