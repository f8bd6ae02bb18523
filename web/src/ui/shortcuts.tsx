import { useEffect } from "preact/hooks";
import { Dialog } from "./parts";

export const shortcuts: readonly { keys: string; does: string; go?: string }[] = [
  { keys: "g m", does: "Migration", go: "/ui/migrations" },
  { keys: "g d", does: "Differences", go: "/ui/differences" },
  { keys: "g e", does: "Explore", go: "/ui/explore" },
  { keys: "g r", does: "Errors", go: "/ui/errors" },
  { keys: "g b", does: "Boards", go: "/ui/boards" },
  { keys: "g k", does: "Markers", go: "/ui/markers" },
  { keys: "g f", does: "Flags", go: "/ui/flags" },
  { keys: "/", does: "Go to anything by its name; also Ctrl+K" },
  { keys: "t", does: "Light, dark or as the system" },
  { keys: "?", does: "This list" },
];

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Listens for the keys of the list: single ones, and two in a row within a second. */
export function useShortcuts(act: (keys: string) => void): void {
  useEffect(() => {
    let before = "", at = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
      const both = event.timeStamp - at < 1000 ? `${before} ${event.key}` : "";
      const found = shortcuts.find((one) => one.keys === both || one.keys === event.key);
      before = event.key;
      at = event.timeStamp;
      if (!found) return;
      event.preventDefault();
      before = "";
      act(found.keys);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [act]);
}

export function ShortcutsDialog(props: { close: () => void }) {
  return <Dialog title="Keyboard shortcuts" close={props.close}>
    <dl class="shortcuts">
      {shortcuts.map((one) => <>
        <dt key={one.keys} class="nowrap">{one.keys.split(" ").map((key, at) => <>{at > 0 && " then "}<kbd>{key}</kbd></>)}</dt>
        <dd>{one.go ? `Go to ${one.does}` : one.does}</dd>
      </>)}
    </dl>
    <p class="muted small">In a chart, drag to look at a part of the time. Escape closes what is open.</p>
  </Dialog>;
}
