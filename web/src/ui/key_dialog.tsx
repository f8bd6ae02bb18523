import { useState } from "preact/hooks";
import { client } from "../api/client";
import { Dialog } from "./parts";

/** Asks for an API key and says why; it is kept as long as the tab is open. */
export function KeyDialog(props: { why: string; done: () => void; close: () => void }) {
  const [key, setKey] = useState("");
  return <Dialog title="This server needs a key" close={props.close}>
    <p>{props.why !== "" ? `The key was not accepted: ${props.why}.` : "Somebody has set this server up so that only those with a key may look at it."} It stays in this tab and goes when you close it.</p>
    <form class="stack" onSubmit={(event) => { event.preventDefault(); if (key.trim() !== "") { client.key = key.trim(); props.done(); } }}>
      <label class="field"><span>Key</span><input class="input mono" type="password" autocomplete="off" autofocus value={key} placeholder="understudy_…" onInput={(event) => setKey(event.currentTarget.value)} /></label>
      <p class="advice">Ask who runs this server, or make one: <code>understudy keys create NAME --allow read</code>. To change modes, rules or flags it needs <code>operate</code> as well.</p>
      <div class="dialog-actions"><button type="submit" class="button primary" disabled={key.trim() === ""}>Use this key</button></div>
    </form>
  </Dialog>;
}
