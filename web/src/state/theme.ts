import { Store } from "./store";

export type Theme = "system" | "light" | "dark";
const name = "understudy.theme";

function stored(): Theme {
  try {
    const text = localStorage.getItem(name);
    return text === "light" || text === "dark" ? text : "system";
  } catch { return "system"; }
}

/** `version` grows whenever colours change, so that charts draw anew. */
export const theme = new Store<{ theme: Theme; version: number }>({ theme: stored(), version: 0 });

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme.set({ version: theme.state.version + 1 }));

export function chooseTheme(chosen: Theme): void {
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  try {
    if (chosen === "system") localStorage.removeItem(name);
    else localStorage.setItem(name, chosen);
  } catch { /* it then holds for this page only */ }
  theme.set({ theme: chosen, version: theme.state.version + 1 });
}

export function nextTheme(): Theme {
  return ({ system: "light", light: "dark", dark: "system" } as const)[theme.state.theme];
}

/** The value of "var(--x)" right now; canvases cannot read variables. */
export function resolved(color: string): string {
  const named = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return named ? getComputedStyle(document.documentElement).getPropertyValue(named).trim() : color;
}
