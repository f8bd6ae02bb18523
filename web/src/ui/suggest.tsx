// A text field with suggestions, as the ARIA pattern "combobox" has it.
import { useEffect, useId, useRef, useState } from "preact/hooks";

export interface Suggestion { value: string; about?: string }

interface Props {
  label: string;
  value: string;
  placeholder?: string;
  /** What fits what was typed; may ask the server. */
  suggest: (typed: string, signal: AbortSignal) => Promise<Suggestion[]> | Suggestion[];
  change: (value: string) => void;
  /** Enter takes the only suggestion, as in fields where nothing else makes sense. */
  takesOnly?: boolean;
  /** Called when one is chosen or Enter is pressed. */
  commit?: (value: string) => void;
  invalid?: boolean;
  mono?: boolean;
}

/** Suggestions whose text contains what was typed, those that begin with it first. */
export function fitting(all: readonly Suggestion[], typed: string, most = 60): Suggestion[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return all.slice(0, most);
  const rank = (one: Suggestion) => {
    const at = one.value.toLowerCase().indexOf(wanted);
    return at < 0 ? 3 : at === 0 ? 0 : /[._ (]/.test(one.value[at - 1] ?? "") ? 1 : 2;
  };
  return all.map((one) => ({ one, at: rank(one) })).filter((pair) => pair.at < 3).sort((a, b) => a.at - b.at).slice(0, most).map((pair) => pair.one);
}

export function Suggest(props: Props) {
  const [list, setList] = useState<Suggestion[]>([]);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const id = useId();
  const asked = useRef<AbortController | null>(null);
  const box = useRef<HTMLUListElement>(null);

  const look = async (typed: string) => {
    asked.current?.abort();
    const controller = new AbortController();
    asked.current = controller;
    try {
      const found = await props.suggest(typed, controller.signal);
      if (!controller.signal.aborted) { setList(found); setAt(-1); }
    } catch {
      if (!controller.signal.aborted) setList([]);
    }
  };
  useEffect(() => () => asked.current?.abort(), []);
  useEffect(() => { box.current?.children[at]?.scrollIntoView({ block: "nearest" }); }, [at]);

  const choose = (value: string) => { setOpen(false); props.change(value); props.commit?.(value); };
  const shown = open && list.length > 0;
  return <div class="combo">
    <input class={`input ${props.mono ? "mono" : ""}`} role="combobox" aria-label={props.label} aria-expanded={shown} aria-controls={`${id}list`} aria-autocomplete="list"
      aria-activedescendant={shown && at >= 0 ? `${id}${at}` : undefined} aria-invalid={props.invalid ?? false}
      placeholder={props.placeholder} value={props.value} autocomplete="off" autocapitalize="off" spellcheck={false}
      onFocus={() => { setOpen(true); void look(""); }}
      onBlur={() => setOpen(false)}
      onInput={(event) => { const typed = event.currentTarget.value; props.change(typed); setOpen(true); void look(typed); }}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown") { event.preventDefault(); setOpen(true); setAt(Math.min(at + 1, list.length - 1)); }
        else if (event.key === "ArrowUp") { event.preventDefault(); setAt(Math.max(at - 1, -1)); }
        else if (event.key === "Enter") {
          const chosen = shown ? (list[at] ?? (props.takesOnly && list.length === 1 && props.value.trim() !== "" && list[0]?.value !== props.value ? list[0] : undefined)) : undefined;
          if (chosen) { event.preventDefault(); event.stopPropagation(); choose(chosen.value); }
          else { setOpen(false); props.commit?.(props.value); }
        } else if (event.key === "Escape" && shown) { event.preventDefault(); event.stopPropagation(); setOpen(false); }
      }} />
    {shown && <ul id={`${id}list`} ref={box} role="listbox" aria-label={`Suggestions for ${props.label}`}>
      {list.map((one, index) => <li key={one.value} id={`${id}${index}`} role="option" aria-selected={index === at}
        onMouseDown={(event) => { event.preventDefault(); choose(one.value); }} onMouseMove={() => setAt(index)}>
        <span class="mono">{one.value === "" ? '""' : one.value}</span>{one.about && <span class="about">{one.about}</span>}
      </li>)}
    </ul>}
  </div>;
}
