// The frame around every page: the bar, the skip link, what a key does.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { client } from "./api/client";
import { pageFor, sections } from "./pages";
import { navigate, place } from "./state/location";
import { migrations } from "./state/migrations";
import { useStore } from "./state/store";
import { chooseTheme, nextTheme, theme } from "./state/theme";
import { AutoIcon, HelpIcon, Logo, MenuIcon, MoonIcon, SearchIcon, SunIcon } from "./ui/icons";
import { KeyDialog } from "./ui/key_dialog";
import { Palette } from "./ui/palette";
import { shortcuts, ShortcutsDialog, useShortcuts } from "./ui/shortcuts";

const themeWords = { system: "as the system", light: "light", dark: "dark" };

function Bar(props: { section: string; help: () => void; go: () => void }) {
  const [open, setOpen] = useState(false);
  const chosen = useStore(theme).theme;
  useStore(migrations);
  const { href } = useStore(place);
  useEffect(() => setOpen(false), [href]);
  const Icon = { system: AutoIcon, light: SunIcon, dark: MoonIcon }[chosen];
  return <header class="top"><div class="top-inner">
    <a class="brand" href="/ui/migrations"><Logo />Understudy</a>
    <button type="button" class="button plain menu-button" aria-expanded={open} aria-controls="nav" onClick={() => setOpen(!open)}><MenuIcon />Menu</button>
    <nav id="nav" class={`nav ${open ? "open" : ""}`} aria-label="Pages">
      {sections.map((one) => <a key={one.name} href={one.href(migrations.current())} aria-current={one.name === props.section ? "page" : undefined}>{one.title}</a>)}
    </nav>
    <div class="tools">
      <button type="button" class="button plain" aria-label="Go to anything" title="Go to anything (/ or Ctrl+K)" onClick={props.go}><SearchIcon /></button>
      <button type="button" class="button plain" aria-label={`Colours: ${themeWords[chosen]}. Change`} title={`Colours: ${themeWords[chosen]}`} onClick={() => chooseTheme(nextTheme())}><Icon /></button>
      <button type="button" class="button plain help" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={props.help}><HelpIcon /></button>
    </div>
  </div></header>;
}

export function App() {
  const here = useStore(place);
  const [help, setHelp] = useState(false);
  const [going, setGoing] = useState(false);
  const [keyWanted, setKeyWanted] = useState<string | null>(null);
  // Who closed the question is not asked again by a page that refreshes itself, but can ask for it.
  const [asking, setAsking] = useState(true);
  const [attempt, setAttempt] = useState(0);
  const main = useRef<HTMLElement>(null);
  const page = pageFor(here);

  useEffect(() => {
    client.onKeyNeeded = setKeyWanted;
    migrations.start();
    return () => migrations.stop();
  }, [attempt]);

  // Another page begins at its top, and a screen reader reads its heading.
  const pathText = here.path.join("/");
  const first = useRef(true);
  useEffect(() => {
    document.title = `${page.title} · Understudy`;
    if (first.current) { first.current = false; return; }
    scrollTo(0, 0);
    main.current?.focus();
  }, [pathText]);

  useShortcuts(useCallback((keys: string) => {
    if (keys === "?") setHelp(true);
    else if (keys === "/") setGoing(true);
    else if (keys === "t") chooseTheme(nextTheme());
    else {
      const go = shortcuts.find((one) => one.keys === keys)?.go;
      if (go) navigate(go);
    }
  }, []));

  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      setGoing(true);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);

  return <>
    <a class="skip" href="#main">Skip to the content</a>
    <Bar section={page.section} help={() => setHelp(true)} go={() => setGoing(true)} />
    {keyWanted !== null && !asking && <p class="key-bar" role="status">Nothing can be shown without a key. <button type="button" class="button small" onClick={() => setAsking(true)}>Enter a key</button></p>}
    <main id="main" ref={main} tabIndex={-1} key={`${page.key}/${attempt}`}>{page.draw()}</main>
    {going && <Palette close={() => setGoing(false)} />}
    {help && <ShortcutsDialog close={() => setHelp(false)} />}
    {keyWanted !== null && asking && <KeyDialog why={keyWanted} close={() => setAsking(false)} done={() => { setKeyWanted(null); setAttempt(attempt + 1); }} />}
  </>;
}
