// Where we are: the address bar is the state that others can be sent.
import { Store } from "./store";

export interface Place { path: string[]; query: URLSearchParams; href: string }

function read(): Place {
  const path = location.pathname.split("/").filter((part) => part !== "").map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  if (path[0] === "ui") path.shift();
  return { path, query: new URLSearchParams(location.search), href: location.pathname + location.search };
}

export const place = new Store<Place>(read());

/** Goes to a page of ours. `replace` leaves no step to come back to: for what merely refines a view. */
export function navigate(href: string, how: { replace?: boolean } = {}): void {
  if (href === place.state.href) return;
  if (how.replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  place.set(read());
}

/** Changes parameters of the address; an empty one goes. */
export function setQuery(change: Record<string, string | undefined>, how: { replace?: boolean } = {}): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(location.pathname + (text === "" ? "" : `?${text}`), how);
}

/** Makes every link to /ui/... a step without a load, as long as nobody asks for a new tab. */
export function followLinks(): void {
  addEventListener("popstate", () => place.set(read()));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.origin !== location.origin || !link.pathname.startsWith("/ui") || link.target || link.hasAttribute("download")) return;
    if (link.hash !== "" && link.pathname === location.pathname && link.search === location.search) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

export const paths = {
  migrations: () => "/ui/migrations",
  migration: (name: string) => `/ui/migrations/${encodeURIComponent(name)}`,
  differences: (migration: string) => `/ui/differences/${encodeURIComponent(migration)}`,
  explore: (dataset: string, spec?: object, view?: string) => {
    const query = new URLSearchParams();
    if (spec) query.set("q", JSON.stringify(spec));
    if (view) query.set("view", view);
    const text = query.toString();
    return `/ui/explore/${encodeURIComponent(dataset)}${text === "" ? "" : `?${text}`}`;
  },
  result: (id: string) => `/ui/result/${encodeURIComponent(id)}`,
  /** `around` is a time of the trace in milliseconds: it is looked for within an hour of it. */
  trace: (id: string, around?: number) => `/ui/trace/${encodeURIComponent(id)}${around === undefined ? "" : `?start=${Math.floor(around / 1000) - 3600}&end=${Math.ceil(around / 1000) + 3600}`}`,
  errors: () => "/ui/errors",
  boards: () => "/ui/boards",
  board: (id: string) => `/ui/boards/${encodeURIComponent(id)}`,
  flags: () => "/ui/flags",
  flag: (key: string) => `/ui/flags/${encodeURIComponent(key)}`,
  markers: () => "/ui/markers",
};
