// "Go to": every page, dataset, flag, board and migration by a few letters of its name.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { client } from "../api/client";
import { navigate, paths } from "../state/location";
import { Dialog } from "./parts";
import { fitting } from "./suggest";

interface Goal { value: string; about: string; href: string }

const pages: readonly Goal[] = [
  { value: "Migrations", about: "page", href: paths.migrations() }, { value: "Differences", about: "page", href: "/ui/differences" },
  { value: "Explore", about: "page", href: paths.explore("evaluations") }, { value: "Errors", about: "page", href: paths.errors() },
  { value: "Boards", about: "page", href: paths.boards() }, { value: "Markers", about: "page", href: paths.markers() }, { value: "Flags", about: "page", href: paths.flags() },
];
const shownMax = 40;

/** Asks for each kind on its own: one that cannot be had leaves the others. */
function goals(signal: AbortSignal, found: (goals: Goal[]) => void): void {
  const ask = (asked: Promise<Goal[]>) => void asked.then((some) => { if (!signal.aborted) found(some); }, () => { /* that kind is not offered */ });
  ask(client.migrations(signal).then(({ migrations }) => migrations.flatMap(({ name }) => [{ value: name, about: "migration", href: paths.migration(name) }, { value: `Differences of ${name}`, about: "page", href: paths.differences(name) }])));
  ask(client.datasets(signal).then(({ datasets }) => datasets.map(({ name }) => ({ value: name, about: "dataset in Explore", href: paths.explore(name) }))));
  ask(client.flags({ limit: 500 }, signal).then(({ flags }) => flags.map(({ key }) => ({ value: key, about: "flag", href: paths.flag(key) }))));
  ask(client.boards(signal).then(({ boards }) => boards.map(({ id, name }) => ({ value: name, about: "board", href: paths.board(id) }))));
  ask(client.segments({ limit: 500 }, signal).then(({ segments }) => segments.map(({ key }) => ({ value: key, about: "segment", href: `${paths.flags()}?segment=${encodeURIComponent(key)}` }))));
}

export function Palette(props: { close: () => void }) {
  const [all, setAll] = useState<readonly Goal[]>(pages);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  useEffect(() => {
    const controller = new AbortController();
    goals(controller.signal, (some) => setAll((before) => [...before, ...some]));
    return () => controller.abort();
  }, []);
  useEffect(() => { list.current?.children[at]?.scrollIntoView({ block: "nearest" }); }, [at]);
  const shown = fitting(all, typed, shownMax) as Goal[];
  const go = (goal: Goal | undefined) => {
    if (!goal) return;
    props.close();
    navigate(goal.href);
  };
  return <Dialog title="Go to" close={props.close}>
    <input class="input" autofocus role="combobox" aria-label="Page, dataset, flag, board or migration" aria-expanded={shown.length > 0} aria-controls={`${id}list`} aria-autocomplete="list" aria-activedescendant={shown.length > 0 ? `${id}${at}` : undefined}
      placeholder="Page, dataset, flag, board or migration" value={typed} autocomplete="off" autocapitalize="off" spellcheck={false}
      onInput={(event) => { setTyped(event.currentTarget.value); setAt(0); }}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown") { event.preventDefault(); setAt(Math.min(at + 1, shown.length - 1)); }
        else if (event.key === "ArrowUp") { event.preventDefault(); setAt(Math.max(at - 1, 0)); }
        else if (event.key === "Enter") { event.preventDefault(); go(shown[at]); }
      }} />
    {shown.length === 0 ? <p class="muted">Nothing has these letters in its name.</p>
      : <ul class="palette" id={`${id}list`} ref={list} role="listbox" aria-label="What fits">{shown.map((one, index) => <li key={`${one.about} ${one.href}`} id={`${id}${index}`} role="option" aria-selected={index === at} onClick={() => go(one)} onMouseMove={() => setAt(index)}>
        <span>{one.value}</span><span class="muted small">{one.about}</span></li>)}</ul>}
  </Dialog>;
}
