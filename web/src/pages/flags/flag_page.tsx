import { useState } from "preact/hooks";
import { client } from "../../api/client";
import type { Flag } from "../../api/types";
import { paths } from "../../state/location";
import { usePageStore, valueOf } from "../../state/store";
import { Empty, Failed, Loaded, Loading, PageHead, Panel } from "../../ui/parts";
import { ChangeMode } from "../migration/change_mode";
import { ChangePercentages, PutBack, SwitchFlag } from "./change";
import { History } from "./history";
import { SharesBar, SharesList } from "./shares";
import { FlagStore } from "./store";
import { bucketText, clausesText, kindOf, kindWords, listText, migrationOf, sharesOf, variationText } from "./words";
import type { FlagServe } from "../../api/types";

function Served(props: { flag: Flag; serve: FlagServe | undefined; bar?: boolean }) {
  const shares = sharesOf(props.flag, props.serve), by = bucketText(props.serve);
  return <div class="served">{props.bar && shares.length > 1 && <SharesBar shares={shares} tall />}<SharesList shares={shares} />{by !== "" && <span class="muted small">{by}</span>}</div>;
}

/** What decides, in its order: the first step that fits is the answer. */
function Steps(props: { flag: Flag }) {
  const { flag } = props;
  const off = typeof flag.offVariation === "number" ? { variation: flag.offVariation } : undefined;
  const targets = [...(flag.targets ?? []), ...(flag.contextTargets ?? [])].filter((one) => one.values.length > 0);
  return <>
    {!flag.on && <div class="step now"><div class="step-who">Everybody, as the flag is off</div>{off ? <Served flag={flag} serve={off} /> : <span class="muted">the program's own default</span>}</div>}
    <ol class={`steps ${flag.on ? "" : "asleep"}`} aria-label={flag.on ? "What it serves" : "What it would serve when on"}>
      {(flag.prerequisites ?? []).map((one) => <li class="step" key={`p${one.key}`}><div class="step-who">Unless flag <a href={paths.flag(one.key)}>{one.key}</a> serves its variation {one.variation}</div>{off ? <Served flag={flag} serve={off} /> : <span class="muted">the program's own default</span>}</li>)}
      {targets.map((one, at) => <li class="step" key={`t${at}`}><div class="step-who wrap">{one.contextKind && one.contextKind !== "user" ? `${one.contextKind} ` : ""}{listText(one.values, 20)}</div><Served flag={flag} serve={{ variation: one.variation }} /></li>)}
      {(flag.rules ?? []).map((one, at) => <li class="step" key={one.id ?? `r${at}`}><div class="step-who wrap">If {clausesText(one.clauses)}
        {one.clauses.filter((clause) => clause.op === "segmentMatch").flatMap((clause) => clause.values.map(String)).map((segment) => <> <a class="small" href={`${paths.flags()}?segment=${encodeURIComponent(segment)}`}>who is in {segment}</a></>)}</div><Served flag={flag} serve={one} bar /></li>)}
      <li class="step"><div class="step-who">{targets.length > 0 || (flag.rules?.length ?? 0) > 0 ? "Everybody else" : "Everybody"}</div><Served flag={flag} serve={flag.fallthrough} bar /></li>
    </ol>
    {flag.on && <p class="muted small when-off">When it is off, everybody gets <code>{variationText(flag, flag.offVariation)}</code>.</p>}
  </>;
}

function Variations(props: { flag: Flag }) {
  return <Panel class="half" title="Variations" hint="What it can serve." flush>
    <ol class="variations">{props.flag.variations.map((value, at) => <li key={at}><span class="muted">{at}</span>{typeof value === "object" && value !== null ? <pre>{JSON.stringify(value, null, 2)}</pre> : <code class="wrap pre">{String(value)}</code>}</li>)}</ol>
  </Panel>;
}

type Doing = { what: "mode" | "percentages" | "switch" } | { what: "back"; to: Flag } | undefined;

export function FlagPage(props: { flag: string }) {
  const store = usePageStore(() => new FlagStore(props.flag), [props.flag]);
  const [doing, setDoing] = useState<Doing>();
  const { flag: remote, history, mode } = store.state;
  const flag = valueOf(remote);
  const again = () => store.refresh();
  if (flag === undefined) {
    return <><p class="back"><a href={paths.flags()}>← All flags</a></p><PageHead title={props.flag} />{remote.kind === "failed"
      ? remote.error.status === 404 ? <section class="panel"><Empty title="There is no such flag">{remote.error.message}</Empty></section> : <Failed error={remote.error} again={again} />
      : <Loading height={380} what={props.flag} />}
      {remote.kind === "failed" && remote.error.status === 404 && history.kind === "ready" && history.value.changes.length > 0 && <Panel title="History" hint="It was deleted; what it was is kept." flush><History changes={history.value.changes} more={history.value.more} older={() => store.older()} /></Panel>}</>;
  }
  const kind = kindOf(flag), fixed = kind === "criteria", modeNow = valueOf(mode);
  const put = async (to: Flag, by: string, reason: string) => {
    await client.putFlag(flag.key, to, { by: by || undefined, comment: reason || undefined, expected_version: flag.version });
    setDoing(undefined);
    store.refresh();
  };
  const close = () => setDoing(undefined);
  return <>
    <p class="back"><a href={paths.flags()}>← All flags</a></p>
    <PageHead title={<span class="row">{flag.key}<span class={`tag ${flag.on ? "pass" : ""}`}>{flag.on ? "on" : "off"}</span></span>} lead={kindWords[kind].lead}>
      {kind === "compare" && <a class="button" href={paths.differences(migrationOf(flag))}>Differences</a>}
      {!fixed && <button type="button" class="button" onClick={() => setDoing({ what: "switch" })}>Turn {flag.on ? "off" : "on"}</button>}
      {kind === "mode" && modeNow ? <button type="button" class="button primary" onClick={() => setDoing({ what: "mode" })}>Change the mode</button>
        : !fixed && flag.variations.length > 1 && <button type="button" class="button primary" onClick={() => setDoing({ what: "percentages" })}>Change percentages</button>}
    </PageHead>
    {remote.kind === "failed" && <p class="problem" role="alert">{remote.error.message} What is shown is older.</p>}
    <div class="grid">
      <Panel class={kind === "mode" ? "" : "half"} title={flag.on ? "What it serves" : "What it would serve when on"} hint="From the top; the first line that fits decides." flush><Steps flag={flag} /></Panel>
      {kind !== "mode" && <Variations flag={flag} />}
      <Panel title="History" hint="Every version, the newest first." flush>
        <Loaded of={history} height={160} what="the history" again={again}>{(value) => <History changes={value.changes} more={value.more} older={() => store.older()} {...(fixed ? {} : { putBack: (to: Flag) => setDoing({ what: "back", to }) })} />}</Loaded>
      </Panel>
      <section class="panel"><details class="raw"><summary>The whole flag as JSON</summary><pre class="stack-trace" tabIndex={0} aria-label={`${flag.key} as JSON`}>{JSON.stringify(flag, null, 2)}</pre></details></section>
    </div>
    {doing?.what === "mode" && modeNow && <ChangeMode migration={modeNow.migration} mode={modeNow} candidateUrl="" close={close} done={() => { close(); store.refresh(); }} />}
    {doing?.what === "percentages" && <ChangePercentages flag={flag} put={put} look={again} close={close} />}
    {doing?.what === "switch" && <SwitchFlag flag={flag} put={put} look={again} close={close} />}
    {doing?.what === "back" && <PutBack flag={flag} to={doing.to} put={put} look={again} close={close} />}
  </>;
}
