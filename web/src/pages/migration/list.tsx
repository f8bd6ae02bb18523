import { useEffect } from "preact/hooks";
import type { MigrationSummary } from "../../api/types";
import { count } from "../../format";
import { modeColor, modes } from "../../modes";
import { navigate } from "../../state/location";
import { migrations } from "../../state/migrations";
import { useStore } from "../../state/store";
import { Empty, Loaded, PageHead } from "../../ui/parts";

function Card(props: { migration: MigrationSummary; href: string }) {
  const { name, mode, accounting } = props.migration;
  return <section class="panel"><div class="panel-body stack">
    <div class="row spread"><h2><a href={props.href}>{name}</a></h2><span class="muted">{count(accounting.requests)} requests</span></div>
    {mode.mix ? <>
      <div class="bar" aria-hidden="true">{modes.map((one) => mode.mix && mode.mix[one.mode] > 0 && <span key={one.mode} style={{ width: `${mode.mix[one.mode]}%`, background: modeColor(one.mode) }} />)}</div>
      <p class="mono">{mode.mode}</p>
    </> : <p class="problem">{mode.error}</p>}
  </div></section>;
}

/** The migrations, or straight on to the only one. */
export function MigrationsPage(props: { then: (name: string) => string }) {
  const { list } = useStore(migrations);
  const only = list.kind === "ready" && list.value.length === 1 ? list.value[0]?.name : undefined;
  useEffect(() => { if (only !== undefined) navigate(props.then(only), { replace: true }); }, [only]);
  return <>
    <PageHead title="Migrations" lead="Each one is a service that is being replaced while it runs." />
    <Loaded of={list} what="the migrations" again={() => migrations.start()}>{(all) => all.length === 0
      ? <Empty title="No migration is configured">Add one to the configuration file under <code>migrations:</code>, then reload. docs/configuration.md shows how.</Empty>
      : <div class="grid">{all.map((one) => <div class="half" key={one.name}><Card migration={one} href={props.then(one.name)} /></div>)}</div>}
    </Loaded>
  </>;
}
