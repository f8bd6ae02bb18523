import { useEffect, useState } from "preact/hooks";
import { place } from "../../state/location";
import { migrations } from "../../state/migrations";
import { usePageStore, useStore, valueOf } from "../../state/store";
import { rangeOf } from "../../state/time_range";
import { Failed, Loading, PageHead } from "../../ui/parts";
import { TimeRangeChoice } from "../../ui/time_range";
import { ChangeMode } from "./change_mode";
import { LatencyPanel, SharesPanel, SuccessPanel } from "./charts";
import { AccountingPanel, CriteriaPanel, DifferencesPanel, ErrorsPanel, VerdictStrip } from "./evidence";
import { ModeNow } from "./mode_now";
import { MigrationStore } from "./store";

/** What to do when nothing has happened yet. */
function FirstRequest(props: { listen: string | undefined }) {
  return <section class="panel first-request"><strong>No request has gone through yet.</strong>{" "}
    {props.listen ? <>Send your traffic to <code>http://{props.listen}</code> instead of the old service, or try one: <code>curl http://{props.listen}/</code>. Users keep getting control’s answer until the mode says otherwise.</>
      : <>As soon as the program with the client library runs, what it reports is here.</>}
  </section>;
}

export function MigrationPage(props: { name: string }) {
  const store = usePageStore(() => new MigrationStore(props.name), [props.name]);
  const range = rangeOf(useStore(place).query);
  const [changing, setChanging] = useState(false);
  useEffect(() => migrations.choose(props.name), [props.name]);
  useEffect(() => store.look(range), [store, JSON.stringify(range)]);

  const { migration, story, whose } = store.state;
  const now = valueOf(migration);
  const again = () => store.refresh();
  if (now === undefined) {
    return <><PageHead title={props.name} />{migration.kind === "failed" ? <Failed error={migration.error} again={again} /> : <Loading height={420} what={props.name} />}</>;
  }
  const services = [now.control?.url, now.candidate?.url].filter((url) => url !== undefined && url !== "");
  return <>
    <PageHead title={now.name} lead={services.length === 2 ? <><span class="mono">{services[0]}</span> is to be replaced by <span class="mono">{services[1]}</span></> : "Both services are called by a program through the client library."}>
      <TimeRangeChoice range={range} of="Time of the charts" />
    </PageHead>
    {migration.kind === "failed" && <p class="problem" role="alert">{migration.error.message} What is shown is older.</p>}
    {now.recording?.failing && <p class="problem" role="alert">Events cannot be stored right now: {now.recording.error}. Traffic goes on; evidence is missing.</p>}
    {now.accounting.requests === 0 && <FirstRequest listen={now.listen} />}
    <div class="grid">
      <div class="half"><VerdictStrip migration={now} lastRequest={valueOf(store.state.lastRequest)} /></div>
      <div class="half"><ModeNow mode={now.mode} change={() => setChanging(true)} /></div>
      <SuccessPanel migration={now.name} story={story} again={again} />
      <SharesPanel story={story} again={again} />
      {(["P50", "P99"] as const).map((quantile) => <LatencyPanel key={quantile} story={whose === "users" ? story : store.state.services} again={again} quantile={quantile} whose={whose} choose={(one) => store.lookAt(one)} />)}
      <CriteriaPanel verdict={now.verdict} />
      <AccountingPanel accounting={now.accounting} />
      <DifferencesPanel migration={now.name} differences={now.differences} />
      <ErrorsPanel migration={now.name} errors={now.errors} window={"window_reason" in now.verdict ? now.verdict.window_reason ?? "" : ""} />
    </div>
    {changing && <ChangeMode migration={now.name} mode={now.mode} candidateUrl={now.candidate?.url ?? ""} close={() => setChanging(false)} done={() => { setChanging(false); store.refresh(); }} />}
  </>;
}
