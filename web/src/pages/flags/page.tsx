import { ago, moment, timeOf } from "../../format";
import { paths, setQuery, place } from "../../state/location";
import { usePageStore, useStore } from "../../state/store";
import { Empty, Loaded, PageHead, Panel, TableScroll } from "../../ui/parts";
import type { Segment } from "../../api/types";
import { SegmentDialog } from "./segment";
import { SharesBar, SharesList } from "./shares";
import { FlagListStore, type ListedFlag } from "./store";
import { kindOf, kindWords, segmentText, sharesOf, targeted } from "./words";

export { FlagPage } from "./flag_page";

/** With more flags than this there is a field to find one. */
const findFrom = 8;

function OnOff(props: { on: boolean }) { return <span class={`tag ${props.on ? "pass" : ""}`}>{props.on ? "on" : "off"}</span>; }

function Changed(props: { one: ListedFlag }) {
  const { changed, flag } = props.one;
  return <div class="muted small wrap">Version {flag.version}{changed && <> · <span title={moment(timeOf(changed.time))}>{ago(timeOf(changed.time))}</span> by <span title={changed.by}>{lastPart(changed.by)}</span>{changed.comment ? `: ${changed.comment}` : ""}</>}</div>;
}

/** Of a path of a configuration file, the file and the line. */
export function lastPart(by: string): string { return by.startsWith("/") ? by.replace(/^.*\//, "") : by; }

function servedNow(one: ListedFlag) {
  const { flag } = one;
  return flag.on ? sharesOf(flag, flag.fallthrough) : sharesOf(flag, typeof flag.offVariation === "number" ? { variation: flag.offVariation } : undefined);
}

function ModeFlags(props: { flags: readonly ListedFlag[] }) {
  return <div class="grid">{props.flags.map((one) => {
    const shares = servedNow(one);
    return <section key={one.flag.key} class={`panel mode-flag ${props.flags.length > 1 ? "half" : ""}`} aria-label={one.flag.key}>
      <div class="row spread"><h2><a href={paths.flag(one.flag.key)}>{one.flag.key}</a></h2><OnOff on={one.flag.on} /></div>
      <SharesBar shares={shares} tall />
      <div class="row"><SharesList shares={shares} />{one.flag.on && targeted(one.flag) && <span class="tag wait">targets or rules decide first</span>}</div>
      <Changed one={one} />
    </section>;
  })}</div>;
}

function OtherFlags(props: { flags: readonly ListedFlag[] }) {
  return <Panel title="Other flags" hint="Rules and criteria of migrations, and flags of your own programs." flush>
    <TableScroll label="Other flags"><table class="data flags as-cards"><thead><tr><th>Flag</th><th>Kind</th><th>State</th><th>Serves</th><th>Last change</th></tr></thead><tbody>
      {props.flags.map((one) => <tr key={one.flag.key} class="can">
        <td><a href={paths.flag(one.flag.key)}>{one.flag.key}</a></td>
        <td>{kindWords[kindOf(one.flag)].name}</td>
        <td><OnOff on={one.flag.on} /></td>
        <td class="serves wrap">{kindOf(one.flag) === "own" ? <><SharesList shares={servedNow(one)} />{one.flag.on && targeted(one.flag) && <span class="tag wait">targets or rules decide first</span>}</> : <span class="muted">{kindOf(one.flag) === "compare" ? rulesText(one) : "as the configuration says"}</span>}</td>
        <td><Changed one={one} /></td>
      </tr>)}
    </tbody></table></TableScroll>
  </Panel>;
}

function rulesText(one: ListedFlag): string {
  const value = one.flag.variations[one.flag.fallthrough?.variation ?? 0];
  const rules = typeof value === "object" && value !== null && !Array.isArray(value) ? value["rules"] : undefined;
  return Array.isArray(rules) && rules.length > 0 ? `${rules.length} ${rules.length === 1 ? "rule" : "rules"}` : "no rules: answers have to be the same";
}

function Segments(props: { segments: readonly Segment[] }) {
  return <Panel title="Segments" hint="Named sets of users that rules of flags ask for." flush>
    {props.segments.length === 0
      ? <Empty title="No segments">A segment is made with <code>PUT /api/segments/KEY</code>; a rule of a flag then asks for it with <code>segmentMatch</code>.</Empty>
      : <TableScroll label="Segments"><table class="data"><thead><tr><th>Segment</th><th>Who</th><th class="number">Version</th></tr></thead><tbody>
        {props.segments.map((one) => <tr key={one.key} class="can"><td><button type="button" class="link" onClick={() => setQuery({ segment: one.key }, { replace: true })}>{one.key}</button></td><td>{segmentText(one)}</td><td class="number">{one.version}</td></tr>)}
      </tbody></table></TableScroll>}
  </Panel>;
}

export function FlagsPage() {
  const store = usePageStore(() => new FlagListStore(), []);
  const { query } = useStore(place), opened = query.get("segment"), wanted = (query.get("find") ?? "").trim().toLowerCase();
  const { flags, segments } = store.state;
  const again = () => store.refresh();
  return <>
    <PageHead title="Flags" lead="What decides which service a request is sent to, and what else programs ask for. Every change is kept." />
    <div class="stack page-stack">
      <Loaded of={flags} height={260} what="the flags" again={again}>{(value) => {
        const found = value.flags.filter((one) => one.flag.key.toLowerCase().includes(wanted));
        const modes = found.filter((one) => kindOf(one.flag) === "mode"), others = found.filter((one) => kindOf(one.flag) !== "mode");
        return value.flags.length === 0
          ? <section class="panel"><Empty title="No flags yet">A migration in the configuration brings its mode flag. A flag of your own is made with <code>PUT /api/flags/KEY</code>.</Empty></section>
          : <div class="stack page-stack">
            {(value.flags.length > findFrom || wanted !== "") && <label class="field find"><span>Find a flag</span><input class="input" type="search" value={query.get("find") ?? ""} placeholder="a part of its key" onInput={(event) => setQuery({ find: event.currentTarget.value }, { replace: true })} /></label>}
            {found.length === 0 && <section class="panel"><Empty title="No flag has this in its key" /></section>}
            {modes.length > 0 && <ModeFlags flags={modes} />}
            {others.length > 0 && <OtherFlags flags={others} />}
            {value.total > value.flags.length && <p class="advice">These are the first {value.flags.length} of {value.total} flags, by key.</p>}
          </div>;
      }}</Loaded>
      <Loaded of={segments} height={100} what="the segments" again={again}>{(value) => <>
        <Segments segments={value.segments} />
        {opened !== null && <SegmentDialog segment={value.segments.find((one) => one.key === opened)} wanted={opened} close={() => setQuery({ segment: undefined }, { replace: true })} />}
      </>}</Loaded>
    </div>
  </>;
}
